import { expect, it } from 'vitest'
import type { Probe } from '../queries'
import { asked, json, questionOf } from './question'

const PROBE = {
  interval_seconds: 60,
  http_method: 'POST',
  request_path: '/v1/responses',
  request_body: { input: 'Hello' },
} as Probe

it('is asked as it was read', () => {
  const { interval_seconds: _, ...question } = PROBE
  expect(asked(questionOf(PROBE))).toEqual(question)
})

it('takes away what is emptied', () => {
  const emptied = { ...questionOf(PROBE), request_path: ' ', request_body: '' }
  expect(asked(emptied)).toEqual({ http_method: 'POST', request_path: '', request_body: '' })
})

it('has a body that is JSON, or none', () => {
  expect([json(''), json('{}'), json('{')]).toEqual([true, true, 'This is no JSON.'])
})

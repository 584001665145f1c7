import { expect, it } from 'vitest'
import { asChanges, asNewLimit, limitWords, valuesOf } from './values'

const VALUES = { ...valuesOf(undefined), name: ' Research ', scope_id: 'u', amount: '60' }

it('sends of a kind only what it has', () => {
  expect(asNewLimit(VALUES)).toEqual({
    name: 'Research',
    scope: 'user',
    scope_id: 'u',
    kind: 'requests',
    amount: 60,
    per: 'minute',
    burst: null,
    queue_seconds: 0,
    queue_length: 0,
  })
  const waits = { ...VALUES, kind: 'concurrency' as const, queue_seconds: '2.5' }
  expect(asChanges(waits)).toEqual({ name: 'Research', amount: 60, queue_seconds: 2.5, queue_length: 100 })
  expect(asNewLimit(waits)).not.toHaveProperty('per')
})

it('says a limit in words', () => {
  expect(limitWords({ kind: 'tokens', amount: 100_000, per: 'day' })).toBe('100K tokens a day')
  expect(limitWords({ kind: 'requests', amount: 1, per: 'second' })).toBe('1 request a second')
  expect(limitWords({ kind: 'session_minutes', amount: 1, per: 'day' })).toBe('1 session minute a day')
  expect(limitWords({ kind: 'concurrency', amount: 4, per: null })).toBe('4 requests at a time')
})

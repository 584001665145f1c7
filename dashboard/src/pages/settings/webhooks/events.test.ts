import { expect, it } from 'vitest'
import { asChanges, asNewWebhook, namesOf, valuesOf } from './events'
import type { Webhook } from './queries'

const WEBHOOK: Webhook = {
  id: 'w',
  user_id: 'u',
  url: 'https://example.org/hook',
  enabled: true,
  scope: 'own',
  created_at: '',
  updated_at: '',
}

it('names no events where all are wanted, so that those of later releases are told too', () => {
  const values = { ...valuesOf(undefined), url: ' https://example.org/hook ' }
  expect(values.events).toEqual(namesOf('own'))
  expect(asNewWebhook(values)).toEqual({ url: 'https://example.org/hook', scope: 'own' })
  expect(asNewWebhook({ ...values, events: ['batch.failed'], description: 'ops' })).toEqual({
    url: 'https://example.org/hook',
    scope: 'own',
    description: 'ops',
    event_types: ['batch.failed'],
  })
})

it('names all events of a webhook that had some of them', () => {
  expect(asChanges(WEBHOOK, valuesOf(WEBHOOK))).toEqual({ url: WEBHOOK.url, description: '' })
  const some = { ...WEBHOOK, event_types: ['batch.failed'] }
  expect(valuesOf(some).events).toEqual(['batch.failed'])
  expect(asChanges(some, { ...valuesOf(some), events: namesOf('own') }).event_types).toEqual(namesOf('own'))
})

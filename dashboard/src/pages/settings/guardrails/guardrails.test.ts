import { expect, it } from 'vitest'
import { moved } from './order'
import { asChanges, asNewGuardrail, valuesOf } from './values'

it('moves one by numbering anew only what stands elsewhere', () => {
  const three = ['a', 'b', 'c'].map((id, position) => ({ id, position }))
  expect(moved(three, 'c', -1)).toEqual([
    { id: 'c', changes: { position: 1 } },
    { id: 'b', changes: { position: 2 } },
  ])
  expect(moved(three, 'a', -1)).toEqual([])
  expect(moved(three, 'c', 1)).toEqual([])
})

it('moves one among equal positions', () => {
  const equal = ['a', 'b'].map((id) => ({ id, position: 7 }))
  expect(moved(equal, 'a', 1)).toEqual([
    { id: 'b', changes: { position: 0 } },
    { id: 'a', changes: { position: 1 } },
  ])
})

it('sends of a kind only what it has', () => {
  const values = { ...valuesOf(undefined), name: ' Cards ', pattern: '4[0-9]{15}', url: 'https://x.test' }
  const all = {
    name: 'Cards',
    enabled: true,
    models: null,
    groups: null,
    whole_stream: false,
    stage: 'request',
  }
  expect(asNewGuardrail(values)).toEqual({
    ...all,
    kind: 'deny_pattern',
    pattern: '4[0-9]{15}',
    window_characters: null,
  })
  expect(asNewGuardrail({ ...values, kind: 'allow_pattern' })).not.toHaveProperty('window_characters')
  expect(asNewGuardrail({ ...values, kind: 'redact' })).not.toHaveProperty('replacement')
  expect(asChanges({ ...values, kind: 'redact' }).replacement).toBe('')
  const asked = asNewGuardrail({ ...values, kind: 'external', timeout_ms: '500' })
  expect(asked).toMatchObject({ url: 'https://x.test', timeout_ms: 500, fail: 'closed' })
  expect(asked).not.toHaveProperty('pattern')
  expect(asked).not.toHaveProperty('secret')
})

it('keeps a stored secret, changes it, or forgets it', () => {
  const values = { ...valuesOf(undefined), kind: 'external' as const, url: 'https://x.test', secret: ' new ' }
  expect(asChanges({ ...values, secret: ' ' })).not.toHaveProperty('secret')
  expect(asChanges(values)).toMatchObject({ secret: 'new' })
  expect(asChanges(values)).not.toHaveProperty('remove_secret')
  const forgets = asChanges({ ...values, remove_secret: true })
  expect(forgets).toMatchObject({ remove_secret: true })
  expect(forgets).not.toHaveProperty('secret')
})

/** What the form of a key that is there changes, as the API wants it. */
import { EXPIRIES, expiryOf, type KeyValues } from './new-key'
import type { Key, KeyChanges } from './queries'

/** The form as it opens. */
export function valuesOf(key: Key): KeyValues {
  return {
    name: key.name,
    description: key.description ?? '',
    purpose: key.purpose === 'platform' ? 'platform' : 'realtime',
    expires_at: key.expires_at === null ? 'never' : 'keep',
    models: key.models ?? [],
    requests_per_second: key.requests_per_second === null ? '' : String(key.requests_per_second),
    burst_size: key.burst_size === null ? '' : String(key.burst_size),
    spend_limit: key.spend_limit ?? '',
    spend_limit_interval: intervalOf(key),
    zero_data_retention: key.zero_data_retention,
    caching: key.caching ?? 'model',
    reset_window: false,
  }
}

/** Only what is changed; null takes away. `now` is in milliseconds. */
export function asChanges(key: Key, values: KeyValues, now: number): KeyChanges {
  const before = valuesOf(key)
  const changed = (name: keyof KeyValues) => values[name] !== before[name]
  const body: KeyChanges = {}
  if (values.name.trim() !== key.name) body.name = values.name.trim()
  if (values.description.trim() !== before.description) body.description = values.description.trim()
  if (changed('expires_at')) body.expires_at = expiryOf(values.expires_at, now) ?? null
  if (values.purpose === 'platform') return body
  if (values.models.join('\n') !== before.models.join('\n'))
    body.models = values.models.length === 0 ? null : values.models
  // What is empty stays as it is: rates are changed, not taken away.
  if (changed('requests_per_second') && values.requests_per_second !== '')
    body.requests_per_second = Number(values.requests_per_second)
  if (changed('burst_size') && values.burst_size !== '') body.burst_size = Number(values.burst_size)
  if (changed('zero_data_retention')) body.zero_data_retention = values.zero_data_retention
  if (changed('caching')) body.caching = values.caching === 'model' ? null : values.caching
  return { ...body, ...capChanges(before, values) }
}

function capChanges(before: KeyValues, values: KeyValues): KeyChanges {
  if (values.spend_limit === '') return before.spend_limit === '' ? {} : { spend_limit: null }
  const body: KeyChanges = {}
  if (Number(values.spend_limit) !== Number(before.spend_limit)) body.spend_limit = values.spend_limit
  const { spend_limit_interval: interval } = values
  if (before.spend_limit === '' || interval !== before.spend_limit_interval)
    body.spend_limit_interval = interval === 'total' ? null : interval
  if (values.reset_window && before.spend_limit !== '') body.reset_window = true
  return body
}

function intervalOf({ spend_limit, spend_limit_interval }: Key): KeyValues['spend_limit_interval'] {
  if (spend_limit === null) return 'monthly'
  switch (spend_limit_interval) {
    case 'daily':
    case 'weekly':
    case 'monthly':
      return spend_limit_interval
    default:
      return 'total'
  }
}

/** Until when it may work, with what it is now first. `current` says that in words. */
export function expiryChoices(key: Key, current: string) {
  return key.expires_at === null ? EXPIRIES : [{ value: 'keep', label: `As now: ${current}` }, ...EXPIRIES]
}

/** What the form of a key says, and a new one as the API wants it. */
import type { NewKey } from './queries'

const DAY_MS = 24 * 3600 * 1000

export const PURPOSES = [
  { value: 'realtime', label: 'AI requests' },
  { value: 'platform', label: 'Management API' },
] as const

export const EXPIRIES = [
  { value: 'never', label: 'Never', days: undefined },
  { value: '7', label: 'In 7 days', days: 7 },
  { value: '30', label: 'In 30 days', days: 30 },
  { value: '90', label: 'In 90 days', days: 90 },
  { value: '365', label: 'In a year', days: 365 },
] as const

export const INTERVALS = [
  { value: 'total', label: 'In all' },
  { value: 'daily', label: 'Per day' },
  { value: 'weekly', label: 'Per week' },
  { value: 'monthly', label: 'Per month' },
] as const

export const CACHINGS = [
  { value: 'model', label: 'As each model says' },
  { value: 'group', label: 'Those of my groups at most', others: 'Those of its owner’s groups at most' },
  { value: 'user', label: 'Mine at most', others: 'Its owner’s at most' },
  { value: 'key', label: 'Those of this key at most' },
  { value: 'off', label: 'None' },
] as const

/** The same in the words for one's own key, or for somebody else's. */
export function cachings(own: boolean) {
  return CACHINGS.map((each) => ({
    value: each.value,
    label: !own && 'others' in each ? each.others : each.label,
  }))
}

export interface KeyValues {
  name: string
  description: string
  purpose: 'realtime' | 'platform'
  /** `keep`: as it is. */
  expires_at: (typeof EXPIRIES)[number]['value'] | 'keep'
  /** Empty: all that its owner may use. */
  models: string[]
  requests_per_second: string
  burst_size: string
  spend_limit: string
  spend_limit_interval: (typeof INTERVALS)[number]['value']
  zero_data_retention: boolean
  caching: (typeof CACHINGS)[number]['value']
  /** What was spent until now does not count any more. */
  reset_window: boolean
}

export const BLANK: KeyValues = {
  name: '',
  description: '',
  purpose: 'realtime',
  expires_at: 'never',
  models: [],
  requests_per_second: '',
  burst_size: '',
  spend_limit: '',
  spend_limit_interval: 'monthly',
  zero_data_retention: false,
  caching: 'model',
  reset_window: false,
}

/** Unset fields are left out. `now` is in milliseconds. */
export function asNewKey(values: KeyValues, now: number): NewKey {
  const expiry = expiryOf(values.expires_at, now)
  const body: NewKey = {
    name: values.name.trim(),
    purpose: values.purpose,
    zero_data_retention: values.zero_data_retention,
  }
  if (values.description.trim() !== '') body.description = values.description.trim()
  if (expiry !== undefined) body.expires_at = expiry
  if (values.purpose === 'platform') return body
  if (values.caching !== 'model') body.caching = values.caching
  if (values.models.length > 0) body.models = values.models
  if (values.requests_per_second !== '') body.requests_per_second = Number(values.requests_per_second)
  if (values.burst_size !== '') body.burst_size = Number(values.burst_size)
  if (values.spend_limit !== '') {
    body.spend_limit = values.spend_limit
    if (values.spend_limit_interval !== 'total') body.spend_limit_interval = values.spend_limit_interval
  }
  return body
}

/** The moment of a choice, where there is one. */
export function expiryOf(choice: KeyValues['expires_at'], now: number): string | undefined {
  const days = EXPIRIES.find(({ value }) => value === choice)?.days
  return days === undefined ? undefined : new Date(now + days * DAY_MS).toISOString()
}

/** A number greater than zero, or nothing. */
export function positive(text: string): true | string {
  return text === '' || Number(text) > 0 || 'A number greater than zero.'
}

export function positiveWhole(text: string): true | string {
  return (
    text === '' || (Number(text) > 0 && Number.isInteger(Number(text))) || 'A whole number greater than zero.'
  )
}

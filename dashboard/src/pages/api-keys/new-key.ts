/** What the form of a new key says, as the API wants it. */
import type { NewKey } from './queries'

const DAY_MS = 24 * 3600 * 1000

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

export interface NewKeyValues {
  name: string
  description: string
  purpose: 'realtime' | 'platform'
  expires_at: (typeof EXPIRIES)[number]['value']
  /** Empty: all that its owner may use. */
  models: string[]
  requests_per_second: string
  burst_size: string
  spend_limit: string
  spend_limit_interval: (typeof INTERVALS)[number]['value']
  zero_data_retention: boolean
}

export const BLANK: NewKeyValues = {
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
}

/** Unset fields are left out. `now` is in milliseconds. */
export function asNewKey(values: NewKeyValues, now: number): NewKey {
  const days = EXPIRIES.find(({ value }) => value === values.expires_at)?.days
  const body: NewKey = {
    name: values.name.trim(),
    purpose: values.purpose,
    zero_data_retention: values.zero_data_retention,
  }
  if (values.description.trim() !== '') body.description = values.description.trim()
  if (days !== undefined) body.expires_at = new Date(now + days * DAY_MS).toISOString()
  if (values.purpose === 'platform') return body
  if (values.models.length > 0) body.models = values.models
  if (values.requests_per_second !== '') body.requests_per_second = Number(values.requests_per_second)
  if (values.burst_size !== '') body.burst_size = Number(values.burst_size)
  if (values.spend_limit !== '') {
    body.spend_limit = values.spend_limit
    if (values.spend_limit_interval !== 'total') body.spend_limit_interval = values.spend_limit_interval
  }
  return body
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

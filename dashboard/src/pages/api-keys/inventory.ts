/** Which of everybody's keys: what there is to choose from, and as the API wants it. */
import type { API_KEYS_LIST } from './list-spec'
import { PURPOSES } from './new-key'

export type Filter = (typeof API_KEYS_LIST)['filters'][number]

export const EXPIRING = [
  { value: 'never', label: 'Never expires' },
  { value: 'expiring', label: 'Expires within 30 days' },
  { value: 'expired', label: 'Has expired' },
] as const

export const UNUSED = [
  { value: 'never', label: 'Never used' },
  { value: '30', label: 'Not used for 30 days' },
  { value: '90', label: 'Not used for 90 days' },
  { value: '365', label: 'Not used for a year' },
] as const

/** What is not valid is left out. */
export function filterQuery({ user_id, purpose, expiry, use }: Partial<Record<Filter, string>>) {
  const of = PURPOSES.find(({ value }) => value === purpose)
  const expires = EXPIRING.find(({ value }) => value === expiry)
  const unused = UNUSED.find(({ value }) => value === use)
  return {
    ...(user_id === undefined ? {} : { user_id }),
    ...(of === undefined ? {} : { purpose: of.value }),
    ...(expires === undefined ? {} : { expiry: expires.value }),
    ...(unused === undefined
      ? {}
      : unused.value === 'never'
        ? { used: false }
        : { unused_days: Number(unused.value) }),
  }
}

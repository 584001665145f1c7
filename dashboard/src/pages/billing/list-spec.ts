/** `account`: whose (an id, or `all`), for those who may see it. `create`: credits are given or taken. */
export const BILLING_LIST = {
  sorts: [],
  filters: ['type', 'from', 'to'],
  more: ['account', 'create'],
} as const

/** What a payment provider sends the browser back with. */
export interface ReturnSearch {
  payment?: string
  session_id?: string
  user?: string
}

export function returnSearch(raw: Record<string, unknown>): ReturnSearch {
  const search: ReturnSearch = {}
  for (const name of ['payment', 'session_id', 'user'] as const) {
    const value = raw[name]
    if (typeof value === 'string' && value !== '') search[name] = value
  }
  return search
}

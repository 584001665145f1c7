/** The filters of the page, as the API's. Pure. */
import type { operations } from '@/api/schema'
import type { ListState } from '@/components/data-table/list-state'
import type { REQUESTS_LIST } from './list-spec'

export type RequestFilter = (typeof REQUESTS_LIST)['filters'][number]
export type RequestFilters = ListState<never, RequestFilter>['filters']
export type LogQuery = NonNullable<operations['list__admin_api_v1_requests_get']['parameters']['query']>

const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const SINCE = [
  { value: '15m', label: 'Last 15 minutes', length: 15 * MINUTE },
  { value: '1h', label: 'Last hour', length: HOUR },
  { value: '24h', label: 'Last 24 hours', length: 24 * HOUR },
  { value: '7d', label: 'Last 7 days', length: 7 * 24 * HOUR },
  { value: '30d', label: 'Last 30 days', length: 30 * 24 * HOUR },
] as const

export const STATUSES: Record<string, { label: string; query: LogQuery }> = {
  ok: { label: 'Succeeded (2xx)', query: { status_code_min: 200, status_code_max: 299 } },
  bad: { label: 'Failed (4xx, 5xx)', query: { status_code_min: 400 } },
  '4xx': { label: 'Refused (4xx)', query: { status_code_min: 400, status_code_max: 499 } },
  '5xx': { label: 'Failed (5xx)', query: { status_code_min: 500, status_code_max: 599 } },
}

const NUMBERS = ['min_duration_ms', 'max_duration_ms', 'min_tokens'] as const
const OUTCOMES = ['completed', 'failed', 'cancelled', 'lost'] as const

/** `now` moves by minutes, so that the same list is asked for by the same question for a while. */
export function logQuery(filters: RequestFilters, requestId: string, now: number): LogQuery {
  const { since, status, outcome, stream, min_duration_ms, max_duration_ms, min_tokens, ...same } = filters
  const numbers = { min_duration_ms, max_duration_ms, min_tokens }
  const length = SINCE.find(({ value }) => value === since)?.length
  const minute = Math.floor(now / MINUTE) * MINUTE
  const query: LogQuery = {
    ...same,
    ...(length === undefined || same.timestamp_after !== undefined
      ? {}
      : { timestamp_after: new Date(minute - length).toISOString() }),
    ...statusQuery(status),
    ...(requestId === '' ? {} : { request_id: requestId }),
  }
  for (const name of NUMBERS) {
    const value = Number(numbers[name])
    if (numbers[name] !== undefined && Number.isInteger(value) && value >= 0) query[name] = value
  }
  const known = OUTCOMES.find((each) => each === outcome)
  if (known !== undefined) query.outcome = known
  if (stream === 'true' || stream === 'false') query.stream = stream === 'true'
  return query
}

function statusQuery(status: string | undefined): LogQuery {
  if (status === undefined) return {}
  if (/^\d{3}$/.test(status)) return { status_code: Number(status) }
  return STATUSES[status]?.query ?? {}
}

/** For an address that the browser itself opens. */
export function queryText(query: object): string {
  const known = Object.entries(query).filter(([, value]) => value !== undefined)
  return new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString()
}

/** The request log, a page at a time, and one request whole. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { asProblem } from '@/api/problem'
import { queryText, type LogQuery } from './log-query'

export type Entry = Schema['LogEntry']
export type Detail = Schema['RequestDetail']
export type Attempt = Detail['attempts'][number]

const CHOICES_DAYS = 30
const DAY_MS = 86_400_000
const UNDER_WAY_MS = 1_500
export const DETAILS = 'details'

/** With one more than is shown: whether there is an older page. */
export function logOptions(filters: LogQuery, before: number | undefined, per: number) {
  const query = {
    ...filters,
    include: DETAILS,
    limit: per + 1,
    ...(before === undefined ? {} : { before }),
  }
  return queryOptions({
    queryKey: ['requests', query],
    queryFn: async ({ signal }) => {
      const { entries } = await must(api.GET('/admin/api/v1/requests', { params: { query }, signal }))
      return { data: entries.slice(0, per), total_count: entries.length, older: entries.length > per }
    },
    placeholderData: keepPreviousData,
    retry: false,
  })
}

/** `id`: the integer of the list or the id of the request. One that is under way is looked at again. */
export function requestOptions(id: string) {
  return queryOptions({
    queryKey: ['requests', 'one', id],
    queryFn: ({ signal }) =>
      must(
        api.GET('/admin/api/v1/requests/{request_id}', {
          params: { path: { request_id: id }, query: { include: 'bodies' } },
          signal,
        }),
      ),
    retry: (failures, error) => asProblem(error).status >= 500 && failures < 2,
    refetchInterval: (query) => (query.state.data?.state === 'open' ? UNDER_WAY_MS : false),
  })
}

export function exportFile(filters: LogQuery, format: 'csv' | 'jsonl'): string {
  return `/admin/api/v1/requests/export?${queryText({ ...filters, format })}`
}

export function tailAddress(filters: LogQuery, after: number | undefined): string {
  return `/admin/api/v1/requests/tail?${queryText({ ...filters, after })}`
}

/** The time in which models and people are looked for to filter by: the last days, to the hour. */
export function choicesPeriod(now: number) {
  const end = Math.ceil(now / 3_600_000) * 3_600_000
  return { start: end - CHOICES_DAYS * DAY_MS, end, unit: 'day' as const }
}

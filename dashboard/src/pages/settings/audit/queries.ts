/** Who changed what. */
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { ListState } from '@/components/data-table/list-state'
import { nameOf } from '@/format/person'
import { userOptions } from '@/pages/users/queries'
import { idOfUser } from './actor'
import type { AUDIT_LIST } from './list-spec'

export type Entry = Schema['Entry']
type Filter = (typeof AUDIT_LIST)['filters'][number]
export type AuditState = ListState<never, Filter>

const HOUR_MS = 3_600_000
export const RANGES = [
  { value: '1h', label: 'Last hour', length: HOUR_MS },
  { value: '24h', label: 'Last 24 hours', length: 24 * HOUR_MS },
  { value: '7d', label: 'Last 7 days', length: 7 * 24 * HOUR_MS },
  { value: '30d', label: 'Last 30 days', length: 30 * 24 * HOUR_MS },
] as const

/** The filters as the API’s. A range begins at a full minute, so that the same list is asked for by the same question. */
export function auditQuery({ range, ...same }: AuditState['filters'], now: number) {
  const length = RANGES.find(({ value }) => value === range)?.length
  if (length === undefined) return same
  const begins = Math.floor((now - length) / 60_000) * 60_000
  return { ...same, since: new Date(begins).toISOString() }
}

export function auditOptions(
  filters: ReturnType<typeof auditQuery>,
  before: number | undefined,
  limit: number,
) {
  const query = { ...filters, limit, ...(before === undefined ? {} : { before }) }
  return queryOptions({
    queryKey: ['audit', query],
    queryFn: async ({ signal }) => {
      const page = await must(api.GET('/admin/api/v1/audit', { params: { query }, signal }))
      return { data: page.data, older: page.has_more, total_count: page.data.length }
    },
    placeholderData: keepPreviousData,
  })
}

/** An address that the browser itself opens. */
export function exportFile(filters: ReturnType<typeof auditQuery>, format: 'csv' | 'ndjson'): string {
  return `/admin/api/v1/audit/export?${new URLSearchParams({ ...filters, format }).toString()}`
}

/** What the person is called who did it; `undefined` of others, and of those who are gone. */
export function useActorName(actor: string): string | undefined {
  const id = idOfUser(actor)
  const { data } = useQuery({ ...userOptions(id ?? ''), enabled: id !== undefined, retry: false })
  return data === undefined ? undefined : nameOf(data)
}

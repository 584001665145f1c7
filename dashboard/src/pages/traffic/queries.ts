/** What was asked of the gateway in a stretch of time. The server adds up and makes the buckets. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { ListState } from '@/components/data-table/list-state'
import type { TRAFFIC_LIST } from './list-spec'
import type { operations } from '@/api/schema'
import { comparable, type Period } from './period'

export type Row = Schema['BreakdownRow']
export type Figures = Schema['Figures']
export type By = 'model' | 'user' | 'key' | 'group' | 'endpoint'
type Sort = (typeof TRAFFIC_LIST)['sorts'][number]
type Filter = (typeof TRAFFIC_LIST)['filters'][number]
export type TrafficState = ListState<Sort, Filter>

/** Which requests, and whether those of the stretch before are wanted too. */
export interface Scope {
  period: Period
  compare: boolean
  filters: TrafficState['filters']
}

const PAGE = 1000
const CHOICES = 20
/** As many as there are colours. */
const BUSIEST = 4

/** Percentiles are kept by model and time only. */
export function hasPercentiles({ filters }: Scope): boolean {
  return filters.user_id === undefined && filters.key_id === undefined && filters.status === undefined
}

export function totalsOptions(scope: Scope) {
  const query = {
    ...asked(scope),
    ...(scope.compare ? { compare: 'previous' as const } : {}),
    percentiles: hasPercentiles(scope),
  }
  return queryOptions({
    queryKey: ['analytics', 'totals', query],
    queryFn: async ({ signal }) => (await rows(query, signal))[0] ?? null,
    placeholderData: keepPreviousData,
  })
}

/** The same of every status. */
export function ofEveryStatus(scope: Scope): Scope {
  const filters = Object.entries(scope.filters).filter(([name]) => name !== 'status')
  return { ...scope, filters: Object.fromEntries(filters) }
}

/** A row for each status. */
export function statusesOptions(scope: Scope) {
  const query = {
    ...asked(scope),
    group_by: 'status',
  }
  return queryOptions({
    queryKey: ['analytics', 'statuses', query],
    queryFn: ({ signal }) => rows(query, signal),
    placeholderData: keepPreviousData,
  })
}

/** A row for each bucket in which something happened. */
export function seriesOptions(scope: Scope) {
  const { unit } = scope.period
  const query = {
    ...asked(scope),
    group_by: unit,
    ...(scope.compare && comparable(scope.period) ? { compare: 'previous' as const } : {}),
    percentiles: hasPercentiles(scope) && unit !== 'minute',
  }
  return queryOptions({
    queryKey: ['analytics', 'series', query],
    queryFn: ({ signal }) => rows(query, signal),
    placeholderData: keepPreviousData,
  })
}

/** A row for each bucket and status. */
export function statusSeriesOptions(scope: Scope) {
  const query = { ...asked(scope), group_by: `status,${scope.period.unit}` }
  return queryOptions({
    queryKey: ['analytics', 'status-series', query],
    queryFn: ({ signal }) => rows(query, signal),
    placeholderData: keepPreviousData,
  })
}

/** A row for each bucket and each of the busiest models or people. */
export function busiestOptions(scope: Scope, by: 'model' | 'user') {
  const query = { ...asked(scope), group_by: `${by},${scope.period.unit}`, top: BUSIEST }
  return queryOptions({
    queryKey: ['analytics', 'busiest', query],
    queryFn: ({ signal }) => rows(query, signal),
    placeholderData: keepPreviousData,
  })
}

/** A page of the table. */
export function breakdownOptions(scope: Scope, by: By, state: TrafficState) {
  const query = {
    ...breakdownQuery(scope, by, state),
    skip: (state.page - 1) * state.per,
    limit: state.per,
  }
  return queryOptions({
    queryKey: ['analytics', 'breakdown', query],
    queryFn: ({ signal }) => ask(query, signal),
    placeholderData: (previous, before) => (sameRows(before?.queryKey, by) ? previous : undefined),
  })
}

/** All of the table as a file. */
export function breakdownFile(scope: Scope, by: By, state: TrafficState): string {
  const query = Object.entries({ ...breakdownQuery(scope, by, state), format: 'csv' })
  return `/admin/api/v1/analytics?${new URLSearchParams(query.map(([name, value]) => [name, String(value)])).toString()}`
}

function breakdownQuery(scope: Scope, by: By, state: TrafficState) {
  return {
    ...asked(scope),
    group_by: by,
    ...(scope.compare ? { compare: 'previous' as const } : {}),
    percentiles: by === 'model' && hasPercentiles(scope),
    ...(state.search === '' ? {} : { search: state.search }),
    order_by: state.sort?.by ?? ('requests' as const),
    order_desc: state.sort?.descending ?? true,
  }
}

function sameRows(key: readonly unknown[] | undefined, by: By): boolean {
  const query = key?.[2]
  return typeof query === 'object' && query !== null && 'group_by' in query && query.group_by === by
}

/** Models, people or keys that asked something in that time, the busiest first; to choose one from. */
export async function findChoices(by: By, period: Period, search: string, signal: AbortSignal) {
  const query = {
    ...times(period),
    group_by: by,
    limit: CHOICES,
    ...(search === '' ? {} : { search }),
  }
  const { data } = await ask(query, signal)
  return data.flatMap((row) => {
    const value = idOf(row, by)
    return value === undefined ? [] : [{ value, label: nameOf(row, by) ?? value }]
  })
}

/** What the user or key of that id is called, as far as it asked something in that time. */
export function choiceNameOptions(by: Exclude<By, 'model'>, id: string | undefined, period: Period) {
  const query = { ...times(period), group_by: by, [`${by}_id`]: id }
  return queryOptions({
    queryKey: ['analytics', 'name', by, id],
    enabled: id !== undefined,
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const { data } = await ask(query, signal)
      return (data[0] && nameOf(data[0], by)) ?? null
    },
  })
}

export function idOf(row: Row, by: By): string | undefined {
  return (by === 'model' ? row.model : row[`${by}_id`]) ?? undefined
}

/** None of what is gone, or was never known. */
export function nameOf(row: Row, by: By): string | undefined {
  const names = {
    model: row.model,
    user: row.user_email,
    key: row.key_name,
    group: row.group_name,
    endpoint: row.endpoint_name,
  }
  return names[by] ?? undefined
}

function times({ start, end }: Period) {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
}

function asked({ period, filters }: Scope) {
  const { status, ...others } = filters
  return { ...times(period), ...others, ...(isStatus(status) ? { status: Number(status) } : {}) }
}

function isStatus(text: string | undefined): boolean {
  return text !== undefined && /^\d{3}$/.test(text)
}

type Query = NonNullable<operations['read_admin_api_v1_analytics_get']['parameters']['query']>

/** As JSON; the document says that it may be a file, too. */
async function ask(query: Query, signal: AbortSignal): Promise<Schema['Breakdown']> {
  const answer = await must(api.GET('/admin/api/v1/analytics', { params: { query }, signal }))
  return answer as Schema['Breakdown']
}

/** All of them, page by page: a chart of half is a wrong one. */
async function rows(query: Query, signal: AbortSignal): Promise<Row[]> {
  const found: Row[] = []
  for (;;) {
    const page = await ask({ ...query, skip: found.length, limit: PAGE }, signal)
    found.push(...page.data)
    if (page.data.length === 0 || found.length >= page.total_count) return found
  }
}

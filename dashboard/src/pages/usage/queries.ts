/** What the person who is signed in used. The server adds up. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { operations } from '@/api/schema'
import type { ListState } from '@/components/data-table/list-state'
import type { USAGE_LIST } from './list-spec'
import type { Days } from './period'
import { project, projectionDays } from './projection'

export type Row = Schema['BreakdownRow']
export type By = 'model' | 'key' | 'day'
type Sort = (typeof USAGE_LIST)['sorts'][number]
type Filter = (typeof USAGE_LIST)['filters'][number]
export type UsageState = ListState<Sort, Filter>
type Query = NonNullable<operations['read_own_admin_api_v1_usage_breakdown_get']['parameters']['query']>

const PATH = '/admin/api/v1/usage/breakdown'
const PAGE = 1000

export function totalsOptions(days: Days) {
  const query = { ...times(days), compare: 'previous' as const }
  return queryOptions({
    queryKey: ['usage', 'totals', query],
    queryFn: async ({ signal }) => (await rows(query, signal))[0] ?? null,
    placeholderData: keepPreviousData,
  })
}

/** A row for each model and day. */
export function seriesOptions(days: Days) {
  const query = { ...times(days), group_by: 'model,day' }
  return queryOptions({
    queryKey: ['usage', 'series', query],
    queryFn: ({ signal }) => rows(query, signal),
    placeholderData: keepPreviousData,
  })
}

/** What the present month will cost. `now` is in milliseconds. */
export function projectionOptions(now: number) {
  const query = { ...times(projectionDays(now)), group_by: 'day' }
  return queryOptions({
    queryKey: ['usage', 'projection', query],
    queryFn: ({ signal }) => rows(query, signal),
    select: (found) =>
      project(
        found.map(({ time, cost }) => ({ at: Date.parse(time ?? ''), cost: Number(cost ?? 0) })),
        now,
      ),
  })
}

/** A page of the table. */
export function breakdownOptions(days: Days, by: By, state: UsageState) {
  const query = { ...breakdownQuery(days, by, state), skip: (state.page - 1) * state.per, limit: state.per }
  return queryOptions({
    queryKey: ['usage', 'breakdown', by, query],
    queryFn: ({ signal }) => ask(query, signal),
    placeholderData: (previous, before) => (before?.queryKey[2] === by ? previous : undefined),
  })
}

/** All of the table as a file. */
export function breakdownFile(days: Days, by: By, state: UsageState): string {
  const query = Object.entries({ ...breakdownQuery(days, by, state), format: 'csv' })
  return `${PATH}?${new URLSearchParams(query.map(([name, value]) => [name, String(value)])).toString()}`
}

function breakdownQuery(days: Days, by: By, { search, sort }: UsageState) {
  return {
    ...times(days),
    group_by: by,
    ...(search === '' || by === 'day' ? {} : { search }),
    order_by: sort?.by ?? (by === 'day' ? ('time' as const) : ('cost' as const)),
    order_desc: sort?.descending ?? true,
  }
}

function times({ start, end }: Days) {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }
}

/** As JSON; the document says that it may be a file, too. */
async function ask(query: Query, signal: AbortSignal): Promise<Schema['Breakdown']> {
  return (await must(api.GET(PATH, { params: { query }, signal }))) as Schema['Breakdown']
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

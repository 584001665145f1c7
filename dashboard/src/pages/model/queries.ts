/** One model with all that belongs to it. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { paths } from '@/api/schema'
import { stretch, type Unit } from './overview/figures'
import type { Range } from './search'

export type Model = Schema['Model']
export type Policy = Schema['WrittenPolicy']
export type Component = Schema['Component']
export type Tariff = Schema['Tariff']
export type Probe = Schema['Probe']
export type Figures = Schema['BreakdownRow']

const INCLUDED = 'metrics,status,pricing,groups,endpoints,components,traffic_policy,abilities'
const REFRESH_MS = 30_000
export const RESULTS_SHOWN = 50
const LISTED = 100

/** An administrator sees inactive ones, too. */
export function modelOptions(id: string) {
  return queryOptions({
    queryKey: ['models', 'detail', id],
    queryFn: ({ signal }) =>
      must(
        api.GET('/admin/api/v1/models/{model_id}', {
          params: { path: { model_id: id }, query: { include: INCLUDED, inactive: true } },
          signal,
        }),
      ),
  })
}

type Question = NonNullable<paths['/admin/api/v1/analytics']['get']['parameters']['query']>

/** As JSON, which is the usual; the API has it as CSV, too. */
async function breakdown(query: Question, signal: AbortSignal): Promise<Schema['Breakdown']> {
  return (await must(
    api.GET('/admin/api/v1/analytics', { params: { query }, signal }),
  )) as Schema['Breakdown']
}

/** Sums over a stretch of time, and of the one before. */
export function totalsOptions(alias: string, range: Range) {
  return queryOptions({
    queryKey: ['analytics', 'model', alias, 'totals', range],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const { start, end } = stretch(range, Date.now())
      const query = { model: alias, start, end, percentiles: true, compare: 'previous' as const }
      const page = await breakdown(query, signal)
      return page.data[0] ?? null
    },
  })
}

/** By the hour or the day, oldest first; hours without requests are missing. */
export function seriesOptions(alias: string, range: Range) {
  return queryOptions({
    queryKey: ['analytics', 'model', alias, 'series', range],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const asked = stretch(range, Date.now())
      const { start, end, unit } = asked
      const query = {
        model: alias,
        start,
        end,
        group_by: unit satisfies Unit,
        percentiles: true,
        limit: 1000,
      }
      const page = await breakdown(query, signal)
      return { asked, rows: page.data }
    },
  })
}

/** The same of what one person asked. */
export function userSeriesOptions(alias: string, range: Range, userId: string) {
  return queryOptions({
    queryKey: ['analytics', 'model', alias, 'series', range, userId],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const { start, end, unit } = stretch(range, Date.now())
      const query = {
        model: alias,
        user_id: userId,
        start,
        end,
        group_by: unit satisfies Unit,
        limit: 1000,
      }
      return (await breakdown(query, signal)).data
    },
  })
}

export const TOP_USERS = 10

/** Who asked it most. */
export function usersOptions(alias: string, range: Range) {
  return queryOptions({
    queryKey: ['analytics', 'model', alias, 'users', range],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const { start, end } = stretch(range, Date.now())
      const query = { model: alias, start, end, group_by: 'user', limit: TOP_USERS }
      return breakdown(query, signal)
    },
  })
}

export function healthOptions(id: string) {
  return queryOptions({
    queryKey: ['models', 'health', id],
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) =>
      must(api.GET('/admin/api/v1/models/{model_id}/health', { params: { path: { model_id: id } }, signal })),
  })
}

const TARIFFS_SHOWN = 100

export function tariffsOptions(id: string) {
  return queryOptions({
    queryKey: ['models', 'tariffs', id],
    queryFn: ({ signal }) =>
      must(
        api.GET('/admin/api/v1/models/{model_id}/tariffs', {
          params: { path: { model_id: id }, query: { limit: TARIFFS_SHOWN } },
          signal,
        }),
      ),
  })
}

/** What the catalogue of list prices knows; refused with 404 where it knows nothing. */
export function suggestionOptions(id: string) {
  return queryOptions({
    queryKey: ['models', 'suggestion', id],
    queryFn: ({ signal }) =>
      must(
        api.GET('/admin/api/v1/models/{model_id}/suggestion', {
          params: { path: { model_id: id } },
          signal,
        }),
      ),
  })
}

export function probeOptions(id: string) {
  return queryOptions({
    queryKey: ['probes', id],
    queryFn: ({ signal }) =>
      must(api.GET('/admin/api/v1/probes/{probe_id}', { params: { path: { probe_id: id } }, signal })),
  })
}

/** Its runs, the latest first, so many at a time. */
export function resultsOptions(id: string) {
  return infiniteQueryOptions({
    queryKey: ['probes', id, 'results'],
    refetchInterval: REFRESH_MS,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      // The last run of the page before comes again, because the end is included.
      const query =
        pageParam === undefined ? { limit: RESULTS_SHOWN } : { limit: RESULTS_SHOWN + 1, end_time: pageParam }
      return must(
        api.GET('/admin/api/v1/probes/{probe_id}/results', {
          params: { path: { probe_id: id }, query },
          signal,
        }),
      )
    },
    getNextPageParam: (page) => (page.length < RESULTS_SHOWN ? undefined : page.at(-1)?.executed_at),
    select: ({ pages }) => [...new Map(pages.flat().map((run) => [run.id, run])).values()],
  })
}

/** How long its runs took, within a stretch of time. */
export function statisticsOptions(id: string, range: Range) {
  return queryOptions({
    queryKey: ['probes', id, 'statistics', range],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) => {
      const query = { start_time: stretch(range, Date.now()).start }
      return must(
        api.GET('/admin/api/v1/probes/{probe_id}/statistics', {
          params: { path: { probe_id: id }, query },
          signal,
        }),
      )
    },
  })
}

export function uptimeOptions(modelId: string, window: Range) {
  return queryOptions({
    queryKey: ['uptime', modelId, window],
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }) => {
      const query = { model: modelId, window }
      const page = await must(api.GET('/admin/api/v1/uptime', { params: { query }, signal }))
      return { ...page, uptime: page.data[0] }
    },
  })
}

/** Models to choose one of, found by typing. */
export function choicesOptions(search: string, only: { is_composite?: boolean } = {}) {
  return queryOptions({
    queryKey: ['models', 'choices', search, only],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { ...only, search, sort: 'alias', limit: LISTED } as const
      return must(api.GET('/admin/api/v1/models', { params: { query }, signal }))
    },
  })
}

/** Groups to grant the model to, found by typing. */
export function groupsOptions(search: string) {
  return queryOptions({
    queryKey: ['groups', 'choices', search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      must(api.GET('/admin/api/v1/groups', { params: { query: { search, limit: LISTED } }, signal })),
  })
}

/** The models that a person sees, and what there is to filter them by. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { listQuery, type ListState } from '@/components/data-table/list-state'
import type { MODELS_LIST } from './list-spec'

export type Model = Schema['Model']
type Sort = (typeof MODELS_LIST)['sorts'][number]
type Filter = (typeof MODELS_LIST)['filters'][number]
export type ModelsState = ListState<Sort, Filter>
interface Choice {
  value: string
  label: string
}

type ModelType = NonNullable<NonNullable<Schema['Model']['model_type']>>

const INCLUDED = 'metrics,status,pricing,groups,endpoints,abilities,facets'

export const TYPES: Record<string, string> = { CHAT: 'Chat', EMBEDDINGS: 'Embeddings', RERANKER: 'Reranking' }

export function modelsOptions(state: ModelsState) {
  const query = { include: INCLUDED, ...narrowed(state) }
  return queryOptions({
    queryKey: ['models', query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/models', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** The page of the list, and what narrows it. */
function narrowed(state: ModelsState) {
  const { model_type, ...filters } = state.filters
  return {
    sort: 'alias' as const,
    ...listQuery(state),
    ...filters,
    ...(isType(model_type) ? { model_type } : {}),
  }
}

export const WINDOWS = [
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
] as const
export type UptimeWindow = (typeof WINDOWS)[number]['value']

const WALL_REFRESH_MS = 30_000

/** How those fared that are watched; asked again and again, also where nobody looks: on a wall. */
export function uptimeOptions(state: ModelsState, window: UptimeWindow) {
  const query = { ...narrowed(state), window, down_first: true }
  return queryOptions({
    queryKey: ['uptime', query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/uptime', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: WALL_REFRESH_MS,
    refetchIntervalInBackground: true,
  })
}

/** What there is to filter by; the list says it with its first page, the wall does not. */
export const facetsOptions = queryOptions({
  queryKey: ['models', 'facets'],
  queryFn: async ({ signal }) => {
    const query = { include: 'facets', limit: 1 }
    return (await must(api.GET('/admin/api/v1/models', { params: { query }, signal }))).facets ?? null
  },
})

export function useCreateComposite() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['NewCompositeModel']) => must(api.POST('/admin/api/v1/models', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['models'] }),
  })
}

function isType(name: ModelType | undefined): name is 'CHAT' | 'EMBEDDINGS' | 'RERANKER' {
  return name !== undefined && name in TYPES
}

export function modelOptions(id: string) {
  return queryOptions({
    queryKey: ['models', 'one', id],
    queryFn: () => must(api.GET('/admin/api/v1/models/{model_id}', { params: { path: { model_id: id } } })),
  })
}

/** The first of all, by name: Everyone is among them. */
export const groupsOptions = queryOptions({
  queryKey: ['groups', 'choices'],
  queryFn: () => must(api.GET('/admin/api/v1/groups', { params: { query: { limit: 100 } } })),
})

const FOUND = 50

/** For the filter by group. */
export async function findGroups(search: string, signal: AbortSignal): Promise<Choice[]> {
  const query = { search, limit: FOUND }
  const page = await must(api.GET('/admin/api/v1/groups', { params: { query }, signal }))
  return page.data.map(({ id, name }) => ({ value: id, label: name }))
}

/** For the filter by endpoint. */
export async function findEndpoints(search: string, signal: AbortSignal): Promise<Choice[]> {
  const query = { search, limit: FOUND, sort: 'name' as const }
  const page = await must(api.GET('/admin/api/v1/endpoint-summaries', { params: { query }, signal }))
  return page.data.map(({ id, name }) => ({ value: id, label: name }))
}

export function endpointOptions(id: string) {
  return queryOptions({
    queryKey: ['endpoints', 'one', id],
    queryFn: () =>
      must(api.GET('/admin/api/v1/endpoints/{endpoint_id}', { params: { path: { endpoint_id: id } } })),
  })
}

/** Requests of each of the last 24 hours, oldest first. */
export function lastDay(model: Model, now: number): number[] {
  const HOUR_MS = 3_600_000
  const end = Math.floor(now / HOUR_MS)
  const hours = new Array<number>(24).fill(0)
  for (const { timestamp, requests } of model.metrics?.time_series ?? []) {
    const place = 23 - (end - Math.floor(Date.parse(timestamp) / HOUR_MS))
    if (place >= 0 && place < 24) hours[place] = (hours[place] ?? 0) + requests
  }
  return hours
}

/** What a request of somebody who pays costs, where it costs anything. */
export function price(model: Model): { input: string; output: string } | undefined {
  const tariffs = model.tariffs ?? []
  const tariff =
    tariffs.find((each) => each.api_key_purpose === 'realtime') ??
    tariffs.find((each) => each.api_key_purpose === null)
  return tariff && { input: tariff.input_price_per_token, output: tariff.output_price_per_token }
}

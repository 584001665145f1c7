/** Endpoints: what the list and its dialogs ask of the API, and every change of one. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { listQuery, type ListState } from '@/components/data-table/list-state'
import type { ENDPOINTS_LIST } from './list-spec'

export type Endpoint = Schema['EndpointSummary']
export type NewEndpoint = Schema['NewEndpoint']
export type EndpointChanges = Schema['EndpointChanges']
export type Preset = Schema['Preset']
export type Validated = Omit<Schema['ValidationResult'], 'error'>
export type SyncResult = Schema['SyncResult']
export type Group = Schema['Group']
type HostedModel = Schema['Model']
type Sort = (typeof ENDPOINTS_LIST)['sorts'][number]

const ALL_ENDPOINTS = ['endpoints'] as const
const PER_CALL = 100
const GRANTS_AT_ONCE = 4

export function endpointsOptions(state: ListState<Sort>) {
  const query = listQuery(state)
  return queryOptions({
    queryKey: [...ALL_ENDPOINTS, query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/endpoint-summaries', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Those that a new endpoint cannot have, as far as there are not very many. */
export const namesOptions = queryOptions({
  queryKey: [...ALL_ENDPOINTS, 'names'],
  queryFn: async () => {
    const query = { limit: PER_CALL }
    const page = await must(api.GET('/admin/api/v1/endpoint-summaries', { params: { query } }))
    return new Set(page.data.map((endpoint) => endpoint.name))
  },
})

export const presetsOptions = queryOptions({
  queryKey: ['endpoint-presets'],
  queryFn: () => must(api.GET('/admin/api/v1/endpoint-presets')),
  staleTime: Infinity,
})

/** Every model of an endpoint that is not deleted, by alias; with those that its provider lists no more. */
export function hostedOptions(endpointId: string) {
  return queryOptions({
    queryKey: ['models', 'hosted', endpointId],
    queryFn: async ({ signal }) => {
      const [active, inactive] = await Promise.all([
        hosted(endpointId, false, signal),
        hosted(endpointId, true, signal),
      ])
      // To those who may not see the inactive ones, the server shows the others again.
      const shown = new Set(active.map((model) => model.id))
      return { active, inactive: inactive.filter((model) => !shown.has(model.id)) }
    },
  })
}

async function hosted(endpoint: string, inactive: boolean, signal?: AbortSignal): Promise<HostedModel[]> {
  const found: HostedModel[] = []
  for (;;) {
    const query = { endpoint, inactive, sort: 'alias', skip: found.length, limit: PER_CALL } as const
    const page = await must(
      api.GET('/admin/api/v1/models', { params: { query }, ...(signal === undefined ? {} : { signal }) }),
    )
    found.push(...page.data)
    if (page.data.length === 0 || found.length >= page.total_count) return found
  }
}

/** What a synchronisation would change now. Asked of the provider each time. */
export function differenceOptions(endpointId: string) {
  return queryOptions({
    queryKey: [...ALL_ENDPOINTS, 'difference', endpointId],
    queryFn: () => synchronise(endpointId, true),
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  })
}

/** What the provider of an endpoint lists now, asked with the stored credential. */
export function listedOptions(endpointId: string) {
  return queryOptions({
    queryKey: [...ALL_ENDPOINTS, 'listed', endpointId],
    queryFn: () => validate({ type: 'existing', endpoint_id: endpointId }),
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  })
}

export function validate(body: Schema['EndpointToValidate']): Promise<Validated> {
  return must(api.POST('/admin/api/v1/endpoints/validate', { body }))
}

function synchronise(endpointId: string, dryRun: boolean): Promise<SyncResult> {
  const params = { path: { endpoint_id: endpointId }, query: { dry_run: dryRun } }
  return must(api.POST('/admin/api/v1/endpoints/{endpoint_id}/synchronize', { params }))
}

/** Asks a provider, and keeps nothing. */
export function useTest() {
  return useMutation({ mutationFn: validate })
}

function useEndpointMutation<Output, Input = void>(change: (input: Input) => Promise<Output>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all(
        [ALL_ENDPOINTS, ['models'], ['first-run']].map((queryKey) => client.invalidateQueries({ queryKey })),
      ),
  })
}

export function useConnect() {
  return useEndpointMutation((body: NewEndpoint) => must(api.POST('/admin/api/v1/endpoints', { body })))
}

/** The simulated provider that comes with the server: started there, and connected. */
export function useConnectSimulated() {
  return useEndpointMutation(() => must(api.PUT('/admin/api/v1/endpoints/simulated')))
}

/** Its models stay as they are unless the changes name some: nothing is synchronised behind anybody's back. */
export function useChangeEndpoint(endpointId: string) {
  return useEndpointMutation((changes: EndpointChanges) =>
    must(
      api.PATCH('/admin/api/v1/endpoints/{endpoint_id}', {
        params: { path: { endpoint_id: endpointId } },
        body: { alias_mapping: {}, ...changes },
      }),
    ),
  )
}

export function useSynchronise(endpointId: string) {
  return useEndpointMutation(() => synchronise(endpointId, false))
}

export function useDeleteEndpoint() {
  return useEndpointMutation((endpoint: Pick<Endpoint, 'id'>) =>
    must(
      api.DELETE('/admin/api/v1/endpoints/{endpoint_id}', { params: { path: { endpoint_id: endpoint.id } } }),
    ),
  )
}

interface Grants {
  groupIds: readonly string[]
  modelIds: readonly string[]
}

/** Grants each model to each group, a few at a time. What was granted before a failure stays granted. */
export function useGrant() {
  return useEndpointMutation(async ({ groupIds, modelIds }: Grants) => {
    const left = groupIds.flatMap((group_id) => modelIds.map((model_id) => ({ group_id, model_id })))
    const work = async () => {
      for (let path = left.pop(); path !== undefined; path = left.pop()) {
        await must(api.POST('/admin/api/v1/groups/{group_id}/models/{model_id}', { params: { path } }))
      }
    }
    await Promise.all(Array.from({ length: GRANTS_AT_ONCE }, work))
  })
}

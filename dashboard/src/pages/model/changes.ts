/** Everything that changes a model. What was changed is asked for anew. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { Component, Model, Policy } from './queries'

export type ModelChanges = Schema['ModelChanges']
type PolicyChanges = Schema['TrafficPolicy']

const ALL = { queryKey: ['models'] }

export function useChangeModel(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ModelChanges) =>
      must(api.PATCH('/admin/api/v1/models/{model_id}', { params: { path: { model_id: id } }, body })),
    onSuccess: () => client.invalidateQueries(ALL),
  })
}

export function useDeleteModel() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id }: Pick<Model, 'id'>) =>
      must(api.DELETE('/admin/api/v1/models/{model_id}', { params: { path: { model_id: id } } })),
    // Not its own page, which would find nothing; it is left at once.
    onSuccess: (_, { id }) =>
      client.invalidateQueries({ ...ALL, predicate: ({ queryKey }) => !queryKey.includes(id) }),
  })
}

/** Changes parts of the policy: `PUT` sets all of it, so the others are read first. */
export function useChangePolicy(id: string) {
  const client = useQueryClient()
  const params = { path: { model_id: id } }
  return useMutation({
    mutationFn: async (changes: PolicyChanges) => {
      const before: Policy = await must(api.GET('/admin/api/v1/models/{model_id}/traffic-policy', { params }))
      const body: PolicyChanges = { ...before, ...changes }
      return must(api.PUT('/admin/api/v1/models/{model_id}/traffic-policy', { params, body }))
    },
    onSuccess: () => client.invalidateQueries(ALL),
  })
}

export function usePurgeAnswers(id: string) {
  return useMutation({
    mutationFn: () =>
      must(
        api.POST('/admin/api/v1/models/{model_id}/traffic-policy/purge-cache', {
          params: { path: { model_id: id } },
        }),
      ),
  })
}

function componentAt(modelId: string, componentId: string) {
  return { params: { path: { model_id: modelId, component_id: componentId } } }
}

const COMPONENT = '/admin/api/v1/models/{model_id}/components/{component_id}' as const

export function useAddComponent(modelId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (componentId: string) =>
      must(api.POST(COMPONENT, { ...componentAt(modelId, componentId), body: {} })),
    onSuccess: () => client.invalidateQueries(ALL),
  })
}

export function useRemoveComponent(modelId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (componentId: string) => must(api.DELETE(COMPONENT, componentAt(modelId, componentId))),
    onSuccess: () => client.invalidateQueries(ALL),
  })
}

interface ComponentChange {
  componentId: string
  body: Schema['ComponentChanges']
}

/** Shown at once, and taken back where the server refuses. */
export function useChangeComponent(modelId: string) {
  const client = useQueryClient()
  const queryKey = ['models', 'detail', modelId]
  return useMutation({
    mutationFn: ({ componentId, body }: ComponentChange) =>
      must(api.PATCH(COMPONENT, { ...componentAt(modelId, componentId), body })),
    onMutate: async ({ componentId, body }) => {
      await client.cancelQueries({ queryKey })
      const before = client.getQueryData<Model>(queryKey)
      client.setQueryData<Model>(queryKey, (model) => model && changed(model, componentId, body))
      return before
    },
    onError: (_, __, before) => client.setQueryData(queryKey, before),
    onSettled: () => client.invalidateQueries(ALL),
  })
}

function changed(model: Model, componentId: string, body: Schema['ComponentChanges']): Model {
  const components = (model.components ?? []).map((each) =>
    each.model.id === componentId
      ? { ...each, weight: body.weight ?? each.weight, enabled: body.enabled ?? each.enabled }
      : each,
  )
  const place = body.sort_order
  return { ...model, components: place == null ? components : moved(components, componentId, place) }
}

/** The component at its new place, and the others in their order. */
export function moved(components: readonly Component[], componentId: string, place: number): Component[] {
  const one = components.filter((each) => each.model.id === componentId)
  const others = components.filter((each) => each.model.id !== componentId)
  return [...others.slice(0, place), ...one, ...others.slice(place)].map((each, index) => ({
    ...each,
    sort_order: index,
  }))
}

const CACHE_PRICING = '/admin/api/v1/models/{model_id}/cache-pricing' as const

/** `null`: cached tokens cost what others cost. */
export function useSetCachePricing(id: string) {
  const client = useQueryClient()
  const params = { path: { model_id: id } }
  return useMutation({
    mutationFn: async (body: Schema['CacheTerms'] | null): Promise<unknown> =>
      body === null
        ? must(api.DELETE(CACHE_PRICING, { params }))
        : must(api.PUT(CACHE_PRICING, { params, body })),
    onSuccess: () => client.invalidateQueries(ALL),
  })
}

const GRANT = '/admin/api/v1/groups/{group_id}/models/{model_id}' as const

export function useGrant(modelId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (groupId: string) =>
      must(api.POST(GRANT, { params: { path: { group_id: groupId, model_id: modelId } } })),
    onSuccess: () =>
      Promise.all([client.invalidateQueries(ALL), client.invalidateQueries({ queryKey: ['groups'] })]),
  })
}

export function useRevoke(modelId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (groupId: string) =>
      must(api.DELETE(GRANT, { params: { path: { group_id: groupId, model_id: modelId } } })),
    onSuccess: () =>
      Promise.all([client.invalidateQueries(ALL), client.invalidateQueries({ queryKey: ['groups'] })]),
  })
}

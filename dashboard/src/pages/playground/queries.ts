/** The models that a person may call, with their prices, and requests of the log to begin with. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must } from '@/api/client'
import type { Model } from '@/pages/models/queries'

const SHOWN = 30
const INCLUDED = 'pricing'
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
type ModelType = 'CHAT' | 'EMBEDDINGS' | 'RERANKER'

/** Those to choose from. With a `type`, only such. */
export function choicesOptions(search: string, type?: ModelType) {
  const query = {
    accessible: true,
    include: INCLUDED,
    sort: 'alias' as const,
    limit: SHOWN,
    ...(search === '' ? {} : { search }),
    ...(type === undefined ? {} : { model_type: type }),
  }
  return queryOptions({
    queryKey: ['models', 'playground', query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/models', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** With its type and prices. */
export function pricedModelOptions(id: string | undefined) {
  return queryOptions({
    queryKey: ['models', 'priced', id],
    queryFn: () =>
      must(
        api.GET('/admin/api/v1/models/{model_id}', {
          params: { path: { model_id: id ?? '' }, query: { include: INCLUDED } },
        }),
      ),
    enabled: id !== undefined,
    staleTime: 60_000,
  })
}

/** The model of a link: its id, or its alias. */
export function namedModelOptions(name: string) {
  return queryOptions({
    queryKey: ['models', 'named', name],
    queryFn: async (): Promise<Model | null> => {
      if (UUID.test(name)) {
        const params = { path: { model_id: name } }
        return must(api.GET('/admin/api/v1/models/{model_id}', { params }))
      }
      const query = { accessible: true, search: name, limit: 100 }
      const { data } = await must(api.GET('/admin/api/v1/models', { params: { query } }))
      return data.find(({ alias }) => alias === name) ?? null
    },
  })
}

export function loggedRequestOptions(id: string) {
  const params = { path: { request_id: id }, query: { include: 'bodies' } }
  return queryOptions({
    queryKey: ['requests', 'bodies', id],
    queryFn: () => must(api.GET('/admin/api/v1/requests/{request_id}', { params })),
  })
}

/** What a model is asked for here; one of unknown type is taken to chat. */
export type Mode = 'chat' | 'embeddings' | 'rerank'

export function modeOf(type: string | null | undefined): Mode {
  if (type === 'EMBEDDINGS') return 'embeddings'
  return type === 'RERANKER' ? 'rerank' : 'chat'
}

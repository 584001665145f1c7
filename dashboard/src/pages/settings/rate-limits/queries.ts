/** How much may be asked for at a time. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { listQuery, type ListState } from '@/components/data-table/list-state'
import type { RATE_LIMITS_LIST } from './list-spec'
import { SCOPES } from './values'

export type RateLimit = Schema['RateLimit']
type Filter = (typeof RATE_LIMITS_LIST)['filters'][number]

const ALL = ['rate-limits'] as const
const KEYS_SHOWN = 100

const at = (limit_id: string) => ({ params: { path: { limit_id } } })

export function rateLimitsOptions(state: ListState<never, Filter>) {
  const { skip, limit } = listQuery(state)
  const scope = SCOPES.find(({ value }) => value === state.filters.scope)?.value
  const query = { skip, limit, ...(scope === undefined ? {} : { scope }) }
  return queryOptions({
    queryKey: [...ALL, query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/rate-limits', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function keysOfUserOptions(userId: string) {
  const params = { path: { user_id: userId }, query: { limit: KEYS_SHOWN } }
  return queryOptions({
    queryKey: ['users', 'api-keys', userId],
    queryFn: () => must(api.GET('/admin/api/v1/users/{user_id}/api-keys', { params })),
    enabled: userId !== '',
  })
}

export function useSaveRateLimit() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (
      wanted: { create: Schema['NewRateLimit'] } | { id: string; changes: Schema['RateLimitChanges'] },
    ) =>
      'create' in wanted
        ? must(api.POST('/admin/api/v1/rate-limits', { body: wanted.create }))
        : must(api.PATCH('/admin/api/v1/rate-limits/{limit_id}', { ...at(wanted.id), body: wanted.changes })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useDeleteRateLimit() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => must(api.DELETE('/admin/api/v1/rate-limits/{limit_id}', at(id))),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

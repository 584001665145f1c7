/** API keys: those of the person who is signed in, and everybody's for whoever looks after them. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { Listed } from '@/components/data-table/data-table'
import { listQuery, type ListState } from '@/components/data-table/list-state'
import { filterQuery, type Filter } from './inventory'
import type { API_KEYS_LIST } from './list-spec'

export type Key = Schema['Key']
export type NewKey = Schema['NewKey']
export type KeyChanges = Schema['KeyChanges']
/** A key of a list: of everybody's, each says whose it is. */
export type ListedKey = Key & Partial<Pick<Schema['OwnedKey'], 'owner'>>
type Sort = (typeof API_KEYS_LIST)['sorts'][number]
export type KeysState = ListState<Sort, Filter>

const MINE = { user_id: 'current' } as const
const ALL_KEYS = ['api-keys'] as const

/** One's own, or everybody's, which the filters are for. */
export function keysOptions(state: KeysState, everybodys: boolean) {
  const query = { ...listQuery(state), ...(everybodys ? filterQuery(state.filters) : {}) }
  return queryOptions({
    queryKey: [...ALL_KEYS, everybodys ? 'everybodys' : 'mine', query],
    queryFn: ({ signal }): Promise<Listed<ListedKey>> =>
      everybodys
        ? must(api.GET('/admin/api/v1/api-keys', { params: { query }, signal }))
        : must(api.GET('/admin/api/v1/users/{user_id}/api-keys', { params: { path: MINE, query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Those to choose from in a drop-down, newest first. */
export const keyChoicesOptions = queryOptions({
  queryKey: [...ALL_KEYS, 'choices'],
  queryFn: () =>
    must(
      api.GET('/admin/api/v1/users/{user_id}/api-keys', { params: { path: MINE, query: { limit: 100 } } }),
    ),
})

export function useCreateKey() {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: NewKey) =>
      must(api.POST('/admin/api/v1/users/{user_id}/api-keys', { params: { path: MINE }, body })),
    onSuccess: (made) => {
      rememberSecret(made.id, made.key)
      return refresh()
    },
  })
}

export function useChangeKey(key: Key) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: KeyChanges) =>
      must(
        api.PATCH('/admin/api/v1/users/{user_id}/api-keys/{key_id}', {
          params: { path: pathOf(key) },
          body,
        }),
      ),
    onSuccess: refresh,
  })
}

export function useRotateKey(key: Key) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (graceSeconds: number) =>
      must(
        api.POST('/admin/api/v1/users/{user_id}/api-keys/{key_id}/rotate', {
          params: { path: pathOf(key) },
          body: { grace_seconds: graceSeconds },
        }),
      ),
    onSuccess: (made) => {
      rememberSecret(key.id, made.key)
      return refresh()
    },
  })
}

/** Deletes them one after the other; what cannot be deleted stops the rest. */
export function useDeleteKeys() {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: async (keys: readonly Key[]) => {
      for (const key of keys) {
        const params = { path: pathOf(key) }
        await must(api.DELETE('/admin/api/v1/users/{user_id}/api-keys/{key_id}', { params }))
      }
    },
    onSettled: refresh,
  })
}

function pathOf({ user_id, id }: Key) {
  return { user_id, key_id: id }
}

/** Whoever shows keys asks for them again: these lists, and those of a user. */
function useRefresh() {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ALL_KEYS }),
      client.invalidateQueries({ queryKey: ['users', 'api-keys'] }),
    ])
}

/** Secrets that were shown since the page was loaded, so that a snippet can hold one. They are kept nowhere else. */
const secrets = new Map<string, string>()

function rememberSecret(keyId: string, secret: string) {
  secrets.set(keyId, secret)
}

export function knownSecret(keyId: string): string | undefined {
  return secrets.get(keyId)
}

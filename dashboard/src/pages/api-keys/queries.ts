/** The keys of the person who is signed in. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { listQuery, type ListState } from '@/components/data-table/list-state'

export type Key = Schema['Key']
export type NewKey = Schema['NewKey']
export type KeyChanges = Schema['KeyChanges']
type Sort = 'name' | 'created_at' | 'last_used' | 'expires_at'

const MINE = { user_id: 'current' } as const
const ALL_KEYS = ['api-keys'] as const

export function keysOptions(state: ListState<Sort>) {
  const query = listQuery(state)
  return queryOptions({
    queryKey: [...ALL_KEYS, query],
    queryFn: ({ signal }) =>
      must(api.GET('/admin/api/v1/users/{user_id}/api-keys', { params: { path: MINE, query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Those of the person who is signed in: their keys call what they may. */
export function ownGroupsOptions(userId: string) {
  const params = { path: { user_id: userId } }
  return queryOptions({
    queryKey: ['session', 'groups', userId],
    queryFn: () => must(api.GET('/admin/api/v1/users/{user_id}/groups', { params })),
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
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewKey) =>
      must(api.POST('/admin/api/v1/users/{user_id}/api-keys', { params: { path: MINE }, body })),
    onSuccess: (made) => {
      rememberSecret(made.id, made.key)
      return client.invalidateQueries({ queryKey: ALL_KEYS })
    },
  })
}

export function useChangeKey(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: KeyChanges) =>
      must(
        api.PATCH('/admin/api/v1/users/{user_id}/api-keys/{key_id}', {
          params: { path: { ...MINE, key_id: id } },
          body,
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL_KEYS }),
  })
}

export function useRotateKey() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, graceSeconds }: { id: string; graceSeconds: number }) =>
      must(
        api.POST('/admin/api/v1/users/{user_id}/api-keys/{key_id}/rotate', {
          params: { path: { ...MINE, key_id: id } },
          body: { grace_seconds: graceSeconds },
        }),
      ),
    onSuccess: (made, { id }) => {
      rememberSecret(id, made.key)
      return client.invalidateQueries({ queryKey: ALL_KEYS })
    },
  })
}

/** Deletes them one after the other; what cannot be deleted stops the rest. */
export function useDeleteKeys() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (keys: readonly Pick<Key, 'id'>[]) => {
      for (const { id } of keys) {
        const params = { path: { ...MINE, key_id: id } }
        await must(api.DELETE('/admin/api/v1/users/{user_id}/api-keys/{key_id}', { params }))
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ALL_KEYS }),
  })
}

/** Secrets that were shown since the page was loaded, so that a snippet can hold one. They are kept nowhere else. */
const secrets = new Map<string, string>()

function rememberSecret(keyId: string, secret: string) {
  secrets.set(keyId, secret)
}

export function knownSecret(keyId: string): string | undefined {
  return secrets.get(keyId)
}

/** Everybody's accounts, and what belongs to each. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { asProblem, Problem } from '@/api/problem'
import { listQuery, type ListState } from '@/components/data-table/list-state'
import { nameOf } from '@/format/person'
import type { USERS_LIST } from './list-spec'
import { ROLES, type Role } from '@/format/roles'

export type User = Schema['User']
export type NewUser = Schema['NewUser']
export type Session = Schema['Session']
export type Key = Schema['Key']
type Sort = (typeof USERS_LIST)['sorts'][number]
type Filter = (typeof USERS_LIST)['filters'][number]
export type UsersState = ListState<Sort, Filter>

const ALL_USERS = ['users'] as const
const SHOWN = 100

export function usersOptions(state: UsersState) {
  const { role, group, auth_source, is_active } = state.filters
  const query = {
    include: 'groups,billing',
    ...listQuery(state),
    ...(isRole(role) ? { role } : {}),
    ...(group === undefined ? {} : { group }),
    ...(auth_source === undefined ? {} : { auth_source }),
    ...(is_active === undefined ? {} : { is_active: is_active === 'true' }),
  }
  return queryOptions({
    queryKey: [...ALL_USERS, query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/users', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

function isRole(name: string | undefined): name is Role {
  return ROLES.some(({ role }) => role === name)
}

/** Those to choose from, by name. */
export function userChoicesOptions(search: string) {
  const query = { search, sort: 'name', limit: SHOWN } as const
  return queryOptions({
    queryKey: [...ALL_USERS, 'choices', search],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/users', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** The same for a filter. */
export async function findUserChoices(search: string, signal: AbortSignal) {
  const query = { search, sort: 'name', limit: SHOWN } as const
  const { data } = await must(api.GET('/admin/api/v1/users', { params: { query }, signal }))
  return data.map((user) => ({ value: user.id, label: nameOf(user) }))
}

export function userOptions(id: string) {
  const params = { path: { user_id: id }, query: { include: 'billing' } }
  return queryOptions({
    queryKey: [...ALL_USERS, 'one', id],
    queryFn: () => must(api.GET('/admin/api/v1/users/{user_id}', { params })),
  })
}

export function groupsOfUserOptions(id: string) {
  return queryOptions({
    queryKey: [...ALL_USERS, 'groups', id],
    queryFn: () =>
      must(api.GET('/admin/api/v1/users/{user_id}/groups', { params: { path: { user_id: id } } })),
  })
}

export function keysOfUserOptions(id: string) {
  const params = { path: { user_id: id }, query: { limit: SHOWN } }
  return queryOptions({
    queryKey: [...ALL_USERS, 'api-keys', id],
    queryFn: () => must(api.GET('/admin/api/v1/users/{user_id}/api-keys', { params })),
  })
}

export function sessionsOfUserOptions(id: string) {
  const params = { path: { user_id: id }, query: { limit: SHOWN } }
  return queryOptions({
    queryKey: [...ALL_USERS, 'sessions', id],
    queryFn: () => must(api.GET('/admin/api/v1/users/{user_id}/sessions', { params })),
  })
}

/** Whether a request would be let in: of one key, or of any key of the person's. */
export function accessOptions(userId: string, model: string, keyId: string | undefined) {
  return queryOptions({
    queryKey: [...ALL_USERS, 'access', userId, model, keyId],
    queryFn: () =>
      keyId === undefined
        ? must(
            api.GET('/admin/api/v1/users/{user_id}/access', {
              params: { path: { user_id: userId }, query: { model } },
            }),
          )
        : must(
            api.GET('/admin/api/v1/api-keys/{key_id}/access', {
              params: { path: { key_id: keyId }, query: { model } },
            }),
          ),
    staleTime: 0,
  })
}

/** What a gateway would do with a short request, at this moment. */
export function explanationOptions(keyId: string, model: string) {
  const body = {
    key_id: keyId,
    model,
    path: '/v1/chat/completions',
    request: { messages: [{ role: 'user', content: 'Hello' }], max_tokens: 100 },
  }
  return queryOptions({
    queryKey: [...ALL_USERS, 'explanation', keyId, model],
    queryFn: () => must(api.POST('/admin/api/v1/explain', { body })),
    staleTime: 0,
    retry: false,
  })
}

export function useCreateUser() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewUser) => must(api.POST('/admin/api/v1/users', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL_USERS }),
  })
}

export function useChangeUser(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['UserChanges']) =>
      must(api.PATCH('/admin/api/v1/users/{user_id}', { params: { path: { user_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL_USERS }),
  })
}

export function useDeleteUser() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/admin/api/v1/users/{user_id}', { params: { path: { user_id: id } } })),
    onSuccess: async (_, id) => {
      client.removeQueries({ queryKey: [...ALL_USERS, 'one', id] })
      await Promise.all([
        client.invalidateQueries({ queryKey: ALL_USERS }),
        client.invalidateQueries({ queryKey: ['groups'] }),
      ])
    },
  })
}

/** Gives an account a generated password, which ends its sessions. */
export function useGeneratePassword() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (id: string) => {
      const call = api.POST('/admin/api/v1/users/{user_id}/password', { params: { path: { user_id: id } } })
      return (await must(call)).password ?? ''
    },
    onSuccess: (_, id) => client.invalidateQueries({ queryKey: [...ALL_USERS, 'sessions', id] }),
  })
}

export function useEndSessions(userId: string) {
  const client = useQueryClient()
  return useMutation({
    /** One of them; without an id, all but the one that asks. */
    mutationFn: (sessionId: string | undefined) =>
      sessionId === undefined
        ? must(
            api.DELETE('/admin/api/v1/users/{user_id}/sessions', { params: { path: { user_id: userId } } }),
          )
        : must(
            api.DELETE('/admin/api/v1/users/{user_id}/sessions/{session_id}', {
              params: { path: { user_id: userId, session_id: sessionId } },
            }),
          ),
    onSettled: () => client.invalidateQueries({ queryKey: [...ALL_USERS, 'sessions', userId] }),
  })
}

export function useDeleteKeyOfUser(userId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (keyId: string) =>
      must(
        api.DELETE('/admin/api/v1/users/{user_id}/api-keys/{key_id}', {
          params: { path: { user_id: userId, key_id: keyId } },
        }),
      ),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: [...ALL_USERS, 'api-keys', userId] }),
        client.invalidateQueries({ queryKey: ['api-keys'] }),
      ]),
  })
}

/** One after the other. What fails stops the rest, and says how far it came. */
async function each(ids: readonly string[], act: (id: string) => Promise<unknown>) {
  for (const [done, id] of ids.entries()) {
    try {
      await act(id)
    } catch (error) {
      const { status, code, message } = asProblem(error)
      if (done === 0) throw error
      throw new Problem(status, code, `${done} of ${ids.length} are done. ${message}`)
    }
  }
}

/** Lets accounts in again, or keeps them out. */
export function useSetActive() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ ids, is_active }: { ids: readonly string[]; is_active: boolean }) =>
      each(ids, (id) =>
        must(
          api.PATCH('/admin/api/v1/users/{user_id}', {
            params: { path: { user_id: id } },
            body: { is_active },
          }),
        ),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ALL_USERS }),
  })
}

export function useDeleteUsers() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (ids: readonly string[]) =>
      each(ids, (id) =>
        must(api.DELETE('/admin/api/v1/users/{user_id}', { params: { path: { user_id: id } } })),
      ),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ALL_USERS }),
        client.invalidateQueries({ queryKey: ['groups'] }),
      ]),
  })
}

interface Memberships {
  users: readonly string[]
  groups: readonly string[]
  member: boolean
}

/** Puts people into groups, or takes them out; what fails stops the rest. */
export function useMemberships() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ users, groups, member }: Memberships) => {
      for (const group_id of groups) {
        for (const user_id of users) {
          const params = { path: { group_id, user_id } }
          const path = '/admin/api/v1/groups/{group_id}/users/{user_id}'
          await must(member ? api.POST(path, { params }) : api.DELETE(path, { params }))
        }
      }
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ALL_USERS }),
        client.invalidateQueries({ queryKey: ['groups'] }),
      ]),
  })
}

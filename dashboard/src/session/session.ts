/** Who is signed in, and what they may do. The server decides in any case; what it would refuse is not shown. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import { api, must, type Schema } from '@/api/client'
import { asProblem } from '@/api/problem'
import { queryClient } from '@/api/queries'

export type User = Schema['User']
type Permission = Schema['Permission']
export type Resource = Permission['resource']
export type Operation = Permission['all'][number]

const FRESH_MS = 60_000
const SESSION = ['session'] as const

async function currentUser(): Promise<User | null> {
  try {
    const params = { path: { user_id: 'current' }, query: { include: 'permissions,billing' } } as const
    return await must(api.GET('/admin/api/v1/users/{user_id}', { params }))
  } catch (error) {
    if (asProblem(error).status !== 401) throw error
    const before = queryClient.getQueryData<User | null>(SESSION) ?? null
    if (before !== null) endSession()
    return before
  }
}

export const sessionOptions = queryOptions({
  queryKey: SESSION,
  queryFn: currentUser,
  staleTime: FRESH_MS,
})

/** The person who is signed in. Only beneath the pages that need one. */
export function useUser(): User {
  const { data } = useQuery(sessionOptions)
  // Between the end of a session and the way to the login page the last person's name still stands there.
  const user = data ?? lastUser
  if (user === undefined) throw new Error('nobody is signed in')
  lastUser = user
  return user
}

let lastUser: User | undefined

/** Whether `user` may do it: with everybody's objects, or, with `own`, with their own. */
export function can(
  user: User,
  operation: Operation,
  resource: Resource,
  whose: 'all' | 'own' = 'all',
): boolean {
  const rights = user.permissions?.find((permission) => permission.resource === resource)
  return rights?.[whose].includes(operation) === true
}

export type Can = (operation: Operation, resource: Resource, whose?: 'all' | 'own') => boolean

/** The same function for as long as it is the same person: tables would draw all their cells anew. */
export function useCan(): Can {
  const user = useUser()
  return useCallback((operation, resource, whose) => can(user, operation, resource, whose), [user])
}

let ended = false
const listeners = new Set<() => void>()

function setEnded(next: boolean) {
  ended = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The server knows the session no more; the page stays until somebody signs in over it, or leaves. */
export function endSession() {
  setEnded(true)
}

export function useSessionEnded(): boolean {
  return useSyncExternalStore(subscribe, () => ended)
}

/** Goes on with the page as it is: what it shows is asked for again. */
export async function resumeSession() {
  await queryClient.query({ ...sessionOptions, staleTime: 0 })
  setEnded(false)
  await queryClient.invalidateQueries()
}

/** Takes in a session that has just begun. */
export async function enterSession() {
  queryClient.clear()
  await queryClient.query({ ...sessionOptions, staleTime: 0 })
}

export async function signOut() {
  await must(api.POST('/authentication/logout'))
  queryClient.clear()
  queryClient.setQueryData(sessionOptions.queryKey, null)
}

/** A path of ours to go back to; anything else is the start page. */
export function returnPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !/^\/(?![/\\])/.test(wanted)) return '/'
  return wanted
}

export const configOptions = queryOptions({
  queryKey: ['config'],
  queryFn: () => must(api.GET('/admin/api/v1/config')),
  staleTime: Infinity,
})

/** How people may come in, which is for everybody to know. */
export function useWaysIn() {
  return useQuery({
    queryKey: ['ways-in'],
    queryFn: async () => {
      const [password, registration, provider] = await Promise.all([
        must(api.GET('/authentication/login')),
        must(api.GET('/authentication/register')),
        must(api.GET('/authentication/oidc')),
      ])
      return { password: password.enabled, registration: registration.enabled, provider }
    },
    staleTime: Infinity,
  })
}

/** The base URL for SDKs. */
export function useAiBaseUrl(): string {
  const { data } = useQuery(configOptions)
  return data?.ai_api_base_url ?? `${window.location.origin}/ai/v1`
}

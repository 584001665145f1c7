/** How far the instance is on its way to a first answered request, and who wants to see it. */
import { queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { queryClient } from '@/api/queries'
import { can, type User } from '@/session/session'

export type FirstRun = Schema['FirstRun']
export type Found = Schema['Found']
export type Fact = (typeof FACTS)[number]

/** The steps, in their order. */
export const FACTS = [
  'provider_connected',
  'models_discovered',
  'model_granted',
  'key_made',
  'request_answered',
] as const
export const POLL_MS = 2_000

export const firstRunOptions = queryOptions({
  queryKey: ['first-run'],
  queryFn: ({ signal }) => must(api.GET('/admin/api/v1/first-run', { signal })),
  staleTime: 0,
})

/** Models that the person may call, by alias. */
export const callableOptions = queryOptions({
  queryKey: ['models', 'callable'],
  queryFn: async ({ signal }) => {
    const query = { accessible: true, sort: 'alias', limit: 100 } as const
    const { data } = await must(api.GET('/admin/api/v1/models', { params: { query }, signal }))
    return data
  },
})

/** The last request of a program's, if there was one. */
export const lastRequestOptions = queryOptions({
  queryKey: ['first-run', 'last-request'],
  queryFn: async ({ signal }) => {
    const query = { purpose: 'realtime', limit: 1 }
    const { entries } = await must(api.GET('/admin/api/v1/requests', { params: { query }, signal }))
    return entries[0] ?? null
  },
  staleTime: 0,
})

/** The ids of every model that can be granted. */
export async function modelIds(): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const query = { sort: 'alias', skip: found.length, limit: 100 } as const
    const page = await must(api.GET('/admin/api/v1/models', { params: { query } }))
    found.push(...page.data.map((model) => model.id))
    if (page.data.length === 0 || found.length >= page.total_count) return found
  }
}

export function isDone(progress: FirstRun): boolean {
  return FACTS.every((fact) => progress[fact])
}

const dismissalKey = (user: User) => `first-run-dismissed:${user.id}`

export function dismiss(user: User) {
  localStorage.setItem(dismissalKey(user), 'yes')
}

/** For the start page: those who can do the steps are led to them, until they are done or dismissed. */
export async function leadsToFirstRun(user: User | null): Promise<boolean> {
  if (user === null || !mayDoFirstRun(user) || localStorage.getItem(dismissalKey(user)) !== null) return false
  try {
    return !isDone(await queryClient.query(firstRunOptions))
  } catch {
    return false
  }
}

export function mayDoFirstRun(user: User): boolean {
  return can(user, 'Create', 'Endpoints')
}

/** Groups, who is in them, and what they are granted. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { listQuery, type ListState } from '@/components/data-table/list-state'

export type Group = Schema['ListedGroup']
type Change = Schema['GroupChanges']

/** The id of the group that everybody is in. */
export const EVERYONE = '00000000-0000-0000-0000-000000000000'
const ALL_GROUPS = ['groups'] as const
/** Of choices, and of those that are chosen already: in one order, so that among the first of all are none but the first. */
const SHOWN = 100

export function groupsOptions(state: ListState) {
  const { sort: _, ...paging } = listQuery(state)
  const query = {
    include: 'counts',
    ...paging,
    ...(state.sort?.descending === true ? { sort_direction: 'desc' as const } : {}),
  }
  return queryOptions({
    queryKey: [...ALL_GROUPS, query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/groups', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Those to choose from, by name. */
export function groupChoicesOptions(search: string) {
  const query = { search, limit: SHOWN }
  return queryOptions({
    queryKey: [...ALL_GROUPS, 'choices', search],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/groups', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** The same for a filter. */
export async function findGroupChoices(search: string, signal: AbortSignal) {
  const query = { search, limit: SHOWN }
  const { data } = await must(api.GET('/admin/api/v1/groups', { params: { query }, signal }))
  return data.map(({ id, name }) => ({ value: id, label: name }))
}

export function groupOptions(id: string) {
  return queryOptions({
    queryKey: [...ALL_GROUPS, 'one', id],
    queryFn: () => must(api.GET('/admin/api/v1/groups/{group_id}', { params: { path: { group_id: id } } })),
  })
}

interface Paged {
  skip: number
  data: readonly unknown[]
  total_count: number
}

function next({ skip, data, total_count }: Paged): number | undefined {
  const seen = skip + data.length
  return data.length > 0 && seen < total_count ? seen : undefined
}

/** Who is in a group, by name. */
export function membersOptions(id: string, search: string) {
  return infiniteQueryOptions({
    queryKey: ['users', 'members', id, search],
    initialPageParam: 0,
    queryFn: ({ pageParam: skip, signal }) => {
      const query = { group: id, search, sort: 'name', skip, limit: SHOWN } as const
      return must(api.GET('/admin/api/v1/users', { params: { query }, signal }))
    },
    getNextPageParam: next,
    placeholderData: keepPreviousData,
  })
}

/** What a group is granted, by alias. */
export function grantedOptions(id: string, search: string) {
  return infiniteQueryOptions({
    queryKey: ['models', 'granted', id, search],
    initialPageParam: 0,
    queryFn: ({ pageParam: skip, signal }) => {
      const query = { group: id, search, sort: 'alias', skip, limit: SHOWN } as const
      return must(api.GET('/admin/api/v1/models', { params: { query }, signal }))
    },
    getNextPageParam: next,
    placeholderData: keepPreviousData,
  })
}

/** Models to choose from, by alias. */
export function modelChoicesOptions(search: string) {
  const query = { search, sort: 'alias', limit: SHOWN } as const
  return queryOptions({
    queryKey: ['models', 'choices', 'grants', search],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/models', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function useCreateGroup() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['NewGroup']) => must(api.POST('/admin/api/v1/groups', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL_GROUPS }),
  })
}

export function useChangeGroup(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Change) =>
      must(api.PATCH('/admin/api/v1/groups/{group_id}', { params: { path: { group_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL_GROUPS }),
  })
}

export function useDeleteGroup() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/admin/api/v1/groups/{group_id}', { params: { path: { group_id: id } } })),
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: [...ALL_GROUPS, 'one', id] })
      return Promise.all(TOUCHED.map((name) => client.invalidateQueries({ queryKey: [name] })))
    },
  })
}

/** What shows memberships or grants. */
const TOUCHED = ['groups', 'users', 'models'] as const

/** Grants each of the models to each of the groups, or takes all of that back: all of it, or nothing. */
export function useChangeGrants() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['ManyGrants']) => must(api.POST('/admin/api/v1/grants', { body })),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['models'] }),
        client.invalidateQueries({ queryKey: ALL_GROUPS }),
      ]),
  })
}

/** What the server finds for the palette. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { Can } from '@/session/session'
import { names } from './match'

const FOUND = 6

type Person = Pick<Schema['User'], 'id' | 'username' | 'display_name' | 'email'>

export interface Found {
  models: { id: string; alias: string }[]
  /** Of one's own the owner is not said. */
  keys: (Pick<Schema['Key'], 'id' | 'name' | 'description' | 'prefix'> & { owner?: Person })[]
  users: Person[]
  groups: { id: string; name: string }[]
}

/** By a part of the name, keys by the beginning of their secret too: what the caller may see, a few of each. `me` has keys of their own. */
export function foundOptions(search: string, me: string, can: Can) {
  const [people, teams, everybodysKeys] = [
    can('Read', 'Users'),
    can('Read', 'Groups'),
    can('Read', 'ApiKeys'),
  ]
  return queryOptions({
    queryKey: ['palette', search, me, people, teams, everybodysKeys],
    enabled: search !== '',
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Found> => {
      const query = { search, limit: FOUND }
      const [models, mine, users, groups, theirs] = await Promise.all([
        must(api.GET('/admin/api/v1/models', { params: { query: { ...query, sort: 'alias' } }, signal })),
        must(
          api.GET('/admin/api/v1/users/{user_id}/api-keys', {
            params: { path: { user_id: me }, query },
            signal,
          }),
        ),
        people
          ? must(api.GET('/admin/api/v1/users', { params: { query: { ...query, sort: 'name' } }, signal }))
          : undefined,
        teams ? must(api.GET('/admin/api/v1/groups', { params: { query }, signal })) : undefined,
        everybodysKeys ? must(api.GET('/admin/api/v1/api-keys', { params: { query }, signal })) : undefined,
      ])
      return {
        models: models.data,
        keys: [...mine.data, ...(theirs?.data ?? []).filter(({ owner }) => owner.id !== me)],
        users: users?.data ?? [],
        groups: groups?.data ?? [],
      }
    },
  })
}

/** What of it still fits, where it was found for other letters. */
export function fitting(found: Found, text: string): Found {
  return {
    models: found.models.filter(({ alias }) => names(text, alias)),
    keys: found.keys.filter(({ name, description, prefix }) => names(text, name, description, prefix)),
    users: found.users.filter((user) => names(text, user.username, user.display_name, user.email)),
    groups: found.groups.filter(({ name }) => names(text, name)),
  }
}

/** What the server finds for the palette. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { nameOf } from '@/format/person'
import type { Can } from '@/session/session'
import { keysMeant, names } from './match'

const FOUND = 6
const OWNERS = 3
const OF_ONE_OWNER = 4

type Person = Pick<Schema['User'], 'id' | 'username' | 'display_name' | 'email'>

export interface Found {
  models: { id: string; alias: string }[]
  keys: { id: string; name: string; owner: Person | undefined }[]
  users: Person[]
  groups: { id: string; name: string }[]
}

/** By a part of the name: what the caller may see, a few of each. `me` has keys of their own. */
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
        keysOf(me, search, signal),
        people ? usersCalled(search, FOUND, signal) : [],
        teams ? must(api.GET('/admin/api/v1/groups', { params: { query }, signal })) : undefined,
        people && everybodysKeys ? keysOfOthers(search, me, signal) : [],
      ])
      return {
        models: models.data,
        keys: [...mine.map((key) => ({ ...key, owner: undefined })), ...theirs],
        users,
        groups: groups?.data ?? [],
      }
    },
  })
}

/** What of it still fits, where it was found for other letters. */
export function fitting(found: Found, text: string): Found {
  const { owner } = keysMeant(text)
  const called = ({ username, display_name, email }: Person) => [username, display_name, email]
  return {
    models: found.models.filter(({ alias }) => names(text, alias)),
    keys: found.keys.filter((key) =>
      key.owner === undefined ? names(text, key.name) : names(owner, ...called(key.owner)),
    ),
    users: found.users.filter((user) => names(text, ...called(user))),
    groups: found.groups.filter(({ name }) => names(text, name)),
  }
}

async function usersCalled(search: string, limit: number, signal: AbortSignal) {
  const query = { search, limit, sort: 'name' } as const
  return (await must(api.GET('/admin/api/v1/users', { params: { query }, signal }))).data
}

async function keysOf(user_id: string, search: string, signal: AbortSignal, limit = FOUND) {
  const params = { path: { user_id }, query: { search, limit } }
  return (await must(api.GET('/admin/api/v1/users/{user_id}/api-keys', { params, signal }))).data
}

async function keysOfOthers(text: string, me: string, signal: AbortSignal) {
  const meant = keysMeant(text)
  const owners = await usersCalled(meant.owner, OWNERS, signal)
  const keys = await Promise.all(
    owners
      .filter(({ id }) => id !== me)
      .map(async (owner) =>
        (await keysOf(owner.id, meant.key, signal, OF_ONE_OWNER)).map((key) => ({ ...key, owner })),
      ),
  )
  return keys.flat()
}

/** The key as one line: whose it is, where it is somebody else's. */
export function ownerOf({ owner }: Found['keys'][number]): string | undefined {
  return owner === undefined ? undefined : nameOf(owner)
}

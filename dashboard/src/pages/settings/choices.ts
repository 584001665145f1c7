/** What settings are for: models, groups and people by their names. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, must } from '@/api/client'
import { addressOf, nameOf } from '@/format/person'

export type Kind = 'model' | 'group' | 'user'

export interface Named {
  id: string
  name: string
  detail?: string | undefined
}

const SHOWN = 50

async function found(kind: Kind, search: string, signal: AbortSignal): Promise<Named[]> {
  const query = { search, limit: SHOWN }
  switch (kind) {
    case 'model': {
      const models = await must(
        api.GET('/admin/api/v1/models', { params: { query: { ...query, sort: 'alias' } }, signal }),
      )
      return models.data.map(({ id, alias }) => ({ id, name: alias }))
    }
    case 'group': {
      const groups = await must(api.GET('/admin/api/v1/groups', { params: { query }, signal }))
      return groups.data.map(({ id, name }) => ({ id, name }))
    }
    case 'user': {
      const users = await must(api.GET('/admin/api/v1/users', { params: { query }, signal }))
      return users.data.map((user) => ({ id: user.id, name: nameOf(user), detail: addressOf(user) }))
    }
  }
}

export function choicesOptions(kind: Kind, search: string) {
  return queryOptions({
    queryKey: ['choices', 'settings', kind, search],
    queryFn: ({ signal }) => found(kind, search, signal),
    placeholderData: keepPreviousData,
  })
}

/** What one is called; its id where it is gone. */
export function nameOptions(kind: 'model' | 'group', id: string) {
  return queryOptions({
    queryKey: ['choices', 'name', kind, id],
    queryFn: async (): Promise<Named> => {
      if (kind === 'model') {
        const call = api.GET('/admin/api/v1/models/{model_id}', { params: { path: { model_id: id } } })
        return { id, name: (await must(call)).alias }
      }
      const call = api.GET('/admin/api/v1/groups/{group_id}', { params: { path: { group_id: id } } })
      return { id, name: (await must(call)).name }
    },
    retry: false,
  })
}

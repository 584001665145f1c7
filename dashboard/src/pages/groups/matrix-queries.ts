/** A window of the matrix, and what changes a cell of it before the server has said so. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import type { ListState } from '@/components/data-table/list-state'
import { EVERYONE, type Group } from './queries'

export type Model = Schema['Model']
export type Target = Pick<Group, 'id' | 'name'>
interface Window {
  data: Model[]
  total_count: number
  skip: number
  limit: number
}

/** Columns in sight at once: as many as fit beside the models' names, and few enough to be drawn at once. */
export const COLUMNS = 25
const STEP = 100
const CHANGING = ['grants', 'cell'] as const

export function rowsOptions(state: ListState) {
  const query = {
    include: 'groups',
    sort: 'alias',
    skip: (state.page - 1) * state.per,
    limit: state.per,
    ...(state.search === '' ? {} : { search: state.search }),
  } as const
  return queryOptions({
    queryKey: ['models', 'matrix', query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/models', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function columnsOptions(search: string, page: number) {
  const query = { skip: (page - 1) * COLUMNS, limit: COLUMNS, ...(search === '' ? {} : { search }) }
  return queryOptions({
    queryKey: ['groups', 'matrix', query],
    queryFn: ({ signal }) => must(api.GET('/admin/api/v1/groups', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

interface Cell {
  model: Model
  group: Group
  granted: boolean
}

/** Shows a grant as soon as it is asked for, and takes it back if it is refused. Calls go out one after the other. */
export function useCell(state: ListState) {
  const client = useQueryClient()
  const { queryKey } = rowsOptions(state)
  const show = ({ model, group, granted }: Cell) =>
    client.setQueryData(
      queryKey,
      (window: Window | undefined) => window && withGrant(window, model.id, group, granted),
    )
  return useMutation({
    mutationKey: CHANGING,
    scope: { id: 'grants' },
    mutationFn: ({ model, group, granted }: Cell) => {
      const params = { path: { group_id: group.id, model_id: model.id } }
      const path = '/admin/api/v1/groups/{group_id}/models/{model_id}'
      return must(granted ? api.POST(path, { params }) : api.DELETE(path, { params }))
    },
    onMutate: async (cell) => {
      show(cell)
      // What is on its way does not know of it yet.
      await client.cancelQueries({ queryKey })
      show(cell)
    },
    onError: (_, cell) => show({ ...cell, granted: !cell.granted }),
    onSettled: async () => {
      // Not while others are under way, which it would not know of.
      if (client.isMutating({ mutationKey: CHANGING }) > 1) return
      await Promise.all(
        ['models', 'groups', 'users'].map((name) => client.invalidateQueries({ queryKey: [name] })),
      )
    },
  })
}

/** The window with one grant more or less; every other row stays the object that it is. */
export function withGrant<Rows extends { data: Pick<Model, 'id' | 'groups'>[] }>(
  window: Rows,
  modelId: string,
  group: Schema['Group'],
  granted: boolean,
): Rows {
  const data = window.data.map((model) => {
    if (model.id !== modelId) return model
    const others = (model.groups ?? []).filter(({ id }) => id !== group.id)
    return { ...model, groups: granted ? [...others, group] : others }
  })
  return { ...window, data }
}

/** A whole row or column of the matrix. */
export interface Line {
  /** Whose it is. */
  name: string
  /** What its cells are: all that are found. */
  of: 'groups' | 'models'
  id: string
  search: string
  granted: boolean
}

/** How many cells of a line there are, and those that would change. */
export function lineOptions(line: Line) {
  return queryOptions({
    queryKey: ['grants', 'line', line],
    staleTime: 0,
    gcTime: 0,
    queryFn: async () => {
      const [all, has] = await Promise.all([
        line.of === 'models' ? everyModel(line.search) : everyGroup(line.search),
        line.of === 'models'
          ? must(
              api.GET('/admin/api/v1/groups/{group_id}/models', { params: { path: { group_id: line.id } } }),
            )
          : must(
              api.GET('/admin/api/v1/models/{model_id}/groups', { params: { path: { model_id: line.id } } }),
            ),
      ])
      return { total: all.length, changing: changing(all, has, line) }
    },
  })
}

/** Granting to every group leaves out Everyone, beside which the others would mean nothing. */
export function changing(
  all: readonly string[],
  has: readonly string[],
  line: Pick<Line, 'granted' | 'of'>,
): string[] {
  const granted = new Set(has)
  return all.filter(
    (id) => granted.has(id) !== line.granted && !(line.of === 'groups' && line.granted && id === EVERYONE),
  )
}

async function everyModel(search: string): Promise<string[]> {
  return every(async (skip) => {
    const query = { search, sort: 'alias', skip, limit: STEP } as const
    return must(api.GET('/admin/api/v1/models', { params: { query } }))
  })
}

async function everyGroup(search: string): Promise<string[]> {
  return every((skip) =>
    must(api.GET('/admin/api/v1/groups', { params: { query: { search, skip, limit: STEP } } })),
  )
}

async function every(ask: (skip: number) => Promise<{ data: { id: string }[]; total_count: number }>) {
  const found: string[] = []
  for (;;) {
    const { data, total_count } = await ask(found.length)
    found.push(...data.map(({ id }) => id))
    if (data.length === 0 || found.length >= total_count) return found
  }
}

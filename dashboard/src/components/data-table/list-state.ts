/** What a list shows, kept in the URL: its page, order, search and filters. A link shows the same list. */
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'

export interface ListSpec<Sort extends string = string, Filter extends string = string> {
  sorts: readonly Sort[]
  filters: readonly Filter[]
  /** What else the page keeps in its URL, such as the choice of a view. It narrows nothing. */
  more?: readonly string[]
}

export interface ListSearch {
  page?: number
  per?: number
  sort?: string
  dir?: 'asc' | 'desc'
  q?: string
  [filter: string]: string | number | undefined
}

/** By the names of `ListSearch`; `undefined` takes one away. */
export type ListChanges = Readonly<Record<string, string | number | undefined>>

export interface ListState<Sort extends string = string, Filter extends string = string> {
  /** From 1. */
  page: number
  per: number
  sort: { by: Sort; descending: boolean } | undefined
  search: string
  filters: Partial<Record<Filter, string>>
  /** Whether anything narrows the list. */
  narrowed: boolean
  /** Changes parts of it; every change but that of the page goes back to the first page. */
  set: (changes: ListChanges) => void
  /** Takes search and filters away. */
  widen: () => void
}

export const PAGE_SIZES = [25, 50, 100] as const
const DEFAULT_SIZE = 25

/** For a route's `validateSearch`: what is not valid is left out, not refused. */
export function listSearch(spec: ListSpec): (raw: Record<string, unknown>) => ListSearch {
  return (raw) => {
    const search: ListSearch = {}
    const page = Number(raw.page)
    if (Number.isInteger(page) && page > 1) search.page = page
    const per = PAGE_SIZES.find((size) => size === Number(raw.per))
    if (per !== undefined && per !== DEFAULT_SIZE) search.per = per
    const sort = spec.sorts.find((each) => each === raw.sort)
    if (sort !== undefined) {
      search.sort = sort
      search.dir = raw.dir === 'desc' ? 'desc' : 'asc'
    }
    for (const name of ['q', ...spec.filters, ...(spec.more ?? [])]) {
      const value = raw[name]
      if ((typeof value === 'string' && value !== '') || typeof value === 'number')
        search[name] = String(value)
    }
    return search
  }
}

export function useListState<Sort extends string, Filter extends string>(
  spec: ListSpec<Sort, Filter>,
): ListState<Sort, Filter> {
  const raw: Record<string, unknown> = useSearch({ strict: false })
  const navigate = useNavigate()
  const search = useMemo(() => listSearch(spec)(raw), [spec, raw])
  const set = useCallback(
    (changes: ListChanges) => {
      void navigate({
        to: '.',
        replace: true,
        resetScroll: false,
        search: (previous: Record<string, unknown>) =>
          listSearch(spec)({ ...previous, ...('page' in changes ? {} : { page: undefined }), ...changes }),
      })
    },
    [navigate, spec],
  )
  return useMemo(() => {
    const filters: Partial<Record<Filter, string>> = {}
    for (const name of spec.filters) {
      const value = search[name]
      if (value !== undefined) filters[name] = String(value)
    }
    const by = spec.sorts.find((each) => each === search.sort)
    return {
      page: search.page ?? 1,
      per: search.per ?? DEFAULT_SIZE,
      sort: by === undefined ? undefined : { by, descending: search.dir === 'desc' },
      search: search.q ?? '',
      filters,
      narrowed: search.q !== undefined || Object.keys(filters).length > 0,
      set,
      widen: () => set(Object.fromEntries(['q', ...spec.filters].map((name) => [name, undefined]))),
    }
  }, [search, set, spec])
}

/** The state as the query of an API's list: `skip`, `limit`, `sort`, `sort_direction`, `search`. */
export function listQuery<Sort extends string>(state: ListState<Sort>) {
  return {
    skip: (state.page - 1) * state.per,
    limit: state.per,
    ...(state.search === '' ? {} : { search: state.search }),
    ...(state.sort === undefined
      ? {}
      : {
          sort: state.sort.by,
          sort_direction: state.sort.descending ? ('desc' as const) : ('asc' as const),
        }),
  }
}

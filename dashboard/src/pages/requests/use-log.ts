import { useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { useListState, type ListChanges, type ListState } from '@/components/data-table/list-state'
import { REQUESTS_LIST } from './list-spec'
import { logQuery, type LogQuery, type RequestFilter } from './log-query'

const MINUTE_MS = 60_000
/** What changes nothing about which page is shown. */
const STAYING = ['before', 'request', 'part', 'live']

interface Search {
  before?: unknown
  live?: unknown
  request?: unknown
  part?: unknown
}

export interface Log {
  state: ListState<never, RequestFilter>
  query: LogQuery
  /** The entry behind which the page begins; `undefined`: the newest. */
  before: number | undefined
  live: boolean
  /** Whose detail is open. */
  request: string | undefined
  /** Which part of it. */
  part: string | undefined
}

/** What the page shows, from its URL. What narrows the log leads back to the newest. */
export function useLog(): Log {
  const listed = useListState(REQUESTS_LIST)
  const search: Search = useSearch({ strict: false })
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), MINUTE_MS)
    return () => window.clearInterval(timer)
  }, [])
  const before = Number(search.before)
  const at = Number.isInteger(before) && before > 0 ? before : undefined
  return useMemo(() => {
    const set = (changes: ListChanges) => {
      const stays = STAYING.some((name) => name in changes)
      listed.set(stays ? changes : { before: undefined, ...changes })
    }
    return {
      state: {
        ...listed,
        set,
        widen: () =>
          set(Object.fromEntries(['q', ...REQUESTS_LIST.filters].map((name) => [name, undefined]))),
      },
      query: logQuery(listed.filters, listed.search, now),
      before: at,
      live: search.live === 'yes' && at === undefined,
      request: typeof search.request === 'string' ? search.request : undefined,
      part: typeof search.part === 'string' ? search.part : undefined,
    }
  }, [listed, now, at, search.live, search.request, search.part])
}

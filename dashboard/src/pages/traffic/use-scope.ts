import { useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { useListState } from '@/components/data-table/list-state'
import { TRAFFIC_LIST } from './list-spec'
import { customOf, periodOf, PRESETS, USUAL, type PeriodSearch, type Preset } from './period'
import type { By, Scope, TrafficState } from './queries'

const MINUTE_MS = 60_000
const TABLES: readonly By[] = ['model', 'user', 'key', 'group', 'endpoint']

interface Search extends PeriodSearch {
  compare?: unknown
  by?: unknown
}

/** What the page shows, from its URL. A preset goes on with the time, a minute at a time. */
export function useScope(): { state: TrafficState; scope: Scope; preset: Preset | undefined; by: By } {
  const state = useListState(TRAFFIC_LIST)
  const { range, from, to, compare, by }: Search = useSearch({ strict: false })
  const now = useMinute()
  const { filters } = state
  const scope = useMemo<Scope>(
    () => ({ period: periodOf({ range, from, to }, now), compare: compare !== 'no', filters }),
    [range, from, to, compare, now, filters],
  )
  const preset =
    customOf({ from, to }) === undefined
      ? (PRESETS.find(({ value }) => value === range)?.value ?? USUAL)
      : undefined
  return { state, scope, preset, by: TABLES.find((each) => each === by) ?? 'model' }
}

function useMinute(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), MINUTE_MS)
    return () => window.clearInterval(timer)
  }, [])
  return now
}

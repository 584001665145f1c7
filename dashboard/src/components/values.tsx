/** Values in text and tables: readable, with the exact value on hover and on focus. */
import { useEffect, useState } from 'react'
import { Tooltip } from '@/design/menu'
import type { Formatted } from '@/format/number'
import { exactTime, relativeTime } from '@/format/time'

const REFRESH_MS = 30_000

function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), REFRESH_MS)
    return () => window.clearInterval(timer)
  }, [])
  return now
}

/** A time of the API's (RFC 3339). */
export function Time({ at, never = 'Never' }: { at: string | null | undefined; never?: string }) {
  const now = useNow()
  if (at === null || at === undefined) return <span className="text-faint">{never}</span>
  const moment = Date.parse(at)
  return (
    <Tooltip label={exactTime(moment)}>
      <time dateTime={at} className="whitespace-nowrap">
        {relativeTime(moment, now)}
      </time>
    </Tooltip>
  )
}

export function Figure({ value }: { value: Formatted }) {
  if (value.shown === value.exact) return <span className="tabular-nums">{value.shown}</span>
  return (
    <Tooltip label={value.exact}>
      <span className="tabular-nums">{value.shown}</span>
    </Tooltip>
  )
}

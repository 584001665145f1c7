/** Requests as they are recorded, newest first, in a list that has an end. */
import { useEffect, useRef, useState } from 'react'
import { queryClient } from '@/api/queries'
import type { LogQuery } from './log-query'
import { tailAddress, type Entry } from './queries'

const SHOWN = 200
const AT_ONCE_MS = 250
const AGAIN_MS = 3_000

export type TailState = 'connecting' | 'live' | 'paused' | 'failed'

export interface Tail {
  state: TailState
  entries: readonly Entry[]
  /** More arrived than is shown. */
  skipped: boolean
  /** Why it is over. */
  message: string | undefined
}

const NOTHING: Tail = { state: 'connecting', entries: [], skipped: false, message: undefined }

/** While `on`, from the entry `after` on. Paused, nothing is asked; what comes meanwhile is sent when it goes on. */
export function useTail(filters: LogQuery, after: number | undefined, on: boolean, paused: boolean): Tail {
  const key = JSON.stringify(filters)
  const [tail, setTail] = useState<Tail & { of: string }>({ ...NOTHING, of: key })
  const last = useRef<{ of: string; id: number }>(undefined)
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (!on) {
      last.current = undefined
      setTail({ ...NOTHING, of: '' })
      return
    }
    if (last.current?.of !== key) last.current = undefined
    if (paused) {
      setTail((now) => ({ ...now, state: 'paused' }))
      return
    }
    setTail((now) => (now.of === key ? { ...now, state: 'connecting' } : { ...NOTHING, of: key }))
    const source = new EventSource(tailAddress(filters, last.current?.id ?? after))
    let waiting: Entry[] = []
    let timer: number | undefined
    let again: number | undefined
    const show = () => {
      timer = undefined
      const arrived = waiting.reverse()
      waiting = []
      setTail((now) => merged(now, arrived))
    }
    source.onopen = () => setTail((now) => ({ ...now, state: 'live' }))
    source.onmessage = (event: MessageEvent<string>) => {
      const entry = JSON.parse(event.data) as Entry
      last.current = { of: key, id: Math.max(entry.id, last.current?.id ?? 0) }
      waiting.push(entry)
      // A few times a second is as often as anybody sees.
      timer ??= window.setTimeout(show, AT_ONCE_MS)
    }
    source.addEventListener('skipped', () => setTail((now) => ({ ...now, skipped: true })))
    source.addEventListener('failed', (event: MessageEvent<string>) => {
      source.close()
      const { message } = JSON.parse(event.data) as { message: string }
      setTail((now) => ({ ...now, state: 'failed', message }))
    })
    source.onerror = () => {
      setTail((now) => ({ ...now, state: 'connecting' }))
      if (source.readyState !== EventSource.CLOSED) return
      // Browsers give up on a refusal and do not say which. The list's own answer leads to the login, where that is it.
      void queryClient.invalidateQueries({ queryKey: ['requests'] })
      again = window.setTimeout(() => setAttempt(attempt + 1), AGAIN_MS)
    }
    return () => {
      source.close()
      window.clearTimeout(timer)
      window.clearTimeout(again)
      if (waiting.length > 0) show()
    }
  }, [key, on, paused, attempt]) // eslint-disable-line react-hooks/exhaustive-deps -- `filters` is in `key`; `after` matters once
  return tail
}

function merged<Known extends Tail>(tail: Known, arrived: readonly Entry[]): Known {
  const known = new Set(tail.entries.map(({ id }) => id))
  const fresh = arrived.filter(({ id }) => !known.has(id))
  return { ...tail, entries: [...fresh, ...tail.entries].slice(0, SHOWN) }
}

/** Whether the server answers. Once it does not, it is asked again and again until it does. */
import { useSyncExternalStore } from 'react'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 10_000

let away = false
const listeners = new Set<() => void>()
const returns = new Set<() => void>()

function tell() {
  for (const listener of listeners) listener()
}

async function answers(): Promise<boolean> {
  try {
    const response = await fetch('/healthz', { cache: 'no-store' })
    return response.ok
  } catch {
    return false
  }
}

function askAgain(pause: number) {
  window.setTimeout(() => {
    void answers().then((back) => {
      if (!back) {
        askAgain(Math.min(pause * 2, LONGEST_PAUSE_MS))
        return
      }
      away = false
      tell()
      for (const act of returns) act()
    })
  }, pause)
}

export function serverAway() {
  if (away) return
  away = true
  tell()
  askAgain(FIRST_PAUSE_MS)
}

/** `act` runs each time the server is back. */
export function onServerBack(act: () => void): () => void {
  returns.add(act)
  return () => returns.delete(act)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useServerAway(): boolean {
  return useSyncExternalStore(subscribe, () => away)
}

/** Light, dark, or what the system says. `index.html` applies the stored choice before the first paint. */
import { useSyncExternalStore } from 'react'

export type ThemeChoice = 'system' | 'light' | 'dark'

const KEY = 'theme'
const listeners = new Set<() => void>()
const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

function chosen(): ThemeChoice {
  const stored = localStorage.getItem(KEY)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

function isDark(): boolean {
  const choice = chosen()
  return choice === 'dark' || (choice === 'system' && systemDark.matches)
}

function apply() {
  document.documentElement.classList.toggle('dark', isDark())
  for (const tell of listeners) tell()
}

systemDark.addEventListener('change', apply)
window.addEventListener('storage', apply)

export function chooseTheme(choice: ThemeChoice) {
  if (choice === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, choice)
  apply()
}

function subscribe(tell: () => void) {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

export function useTheme(): { choice: ThemeChoice; dark: boolean } {
  const choice = useSyncExternalStore(subscribe, chosen)
  const dark = useSyncExternalStore(subscribe, isDark)
  return { choice, dark }
}

import { useEffect, useState } from 'react'

/** The value, once it has stayed the same for so many milliseconds; at once where it is empty. */
export function useSettled(value: string, pause: number): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), value === '' ? 0 : pause)
    return () => window.clearTimeout(timer)
  }, [value, pause])
  return settled
}

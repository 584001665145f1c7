const MINUTE_MS = 60_000
const STEPS = [
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
] as const

/** "3 minutes", "2 hours": between two times of the API's. */
export function lasted(start: string, end: string): string {
  const minutes = Math.round((Date.parse(end) - Date.parse(start)) / MINUTE_MS)
  const [unit, size] = STEPS.find(([, step]) => minutes >= step) ?? ['minute', 1]
  const amount = Math.round(minutes / size)
  if (amount === 0) return 'less than a minute'
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

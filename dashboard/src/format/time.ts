/** Times in the browser's zone: relative for reading, exact on hover. */

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['week', 7 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
]
const NOW_SECONDS = 45
const relativeFormat = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' })
const exactFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** "5 minutes ago", "in 3 days". `at` and `now` are in milliseconds. */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  if (Math.abs(seconds) < NOW_SECONDS) return 'just now'
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ['minute', 60]
  const amount = Math.trunc(seconds / size) || Math.sign(seconds)
  return relativeFormat.format(amount, unit)
}

export function exactTime(at: number): string {
  return exactFormat.format(at)
}

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

const bucketFormats = {
  minute: new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }),
  hour: new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }),
  // Days are those of UTC: in another zone they would have the name of the day before, or after.
  day: new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }),
}

export type Unit = keyof typeof bucketFormats

/** What a bucket of time is called. */
export function bucketName(at: number, unit: Unit): string {
  return bucketFormats[unit].format(at)
}

const midnightFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** The same beneath an axis. `short` leaves out the day, because all are near; else midnight is called by its day. */
export function tickName(at: number, unit: Unit, short = false): string {
  if (unit !== 'hour') return bucketName(at, unit)
  if (short) return bucketName(at, 'minute')
  return new Date(at).getHours() === 0 ? midnightFormat.format(at) : bucketName(at, unit)
}

const momentFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** A moment in a log, to the second. */
export function logTime(at: number): string {
  return momentFormat.format(at)
}

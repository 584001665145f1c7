/** The stretch of time that is looked at: from the URL, with the buckets that the server makes of it. Pure. */

export type Unit = 'minute' | 'hour' | 'day'

export interface Period {
  /** In milliseconds; `end` is exclusive. */
  start: number
  end: number
  unit: Unit
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const LENGTH: Record<Unit, number> = { minute: MINUTE, hour: HOUR, day: DAY }
const LONGEST = 3660 * DAY
const FIRST_MINUTES = 6 * HOUR
const FIRST_HOURS = 10 * DAY

export const PRESETS = [
  { value: '1h', label: '1 h', length: HOUR },
  { value: '6h', label: '6 h', length: 6 * HOUR },
  { value: '24h', label: '24 h', length: DAY },
  { value: '7d', label: '7 d', length: 7 * DAY },
  { value: '30d', label: '30 d', length: 30 * DAY },
  { value: '90d', label: '90 d', length: 90 * DAY },
] as const
export type Preset = (typeof PRESETS)[number]['value']
export const USUAL: Preset = '24h'

export interface PeriodSearch {
  range?: unknown
  from?: unknown
  to?: unknown
}

/** `from` and `to` (RFC 3339) win over `range`; what makes no sense is the last 24 hours. */
export function periodOf(search: PeriodSearch, now: number): Period {
  const custom = customOf(search)
  if (custom !== undefined) return custom
  const preset = PRESETS.find(({ value }) => value === search.range) ?? PRESETS[2]
  const end = Math.ceil(now / MINUTE) * MINUTE
  return stretch(end - preset.length, end)
}

export function customOf({ from, to }: PeriodSearch): Period | undefined {
  const [start, end] = [Date.parse(String(from)), Date.parse(String(to))]
  return wrongWith(start, end) === undefined ? stretch(start, end) : undefined
}

/** What is wrong with a range that somebody has typed. */
export function wrongWith(start: number, end: number): string | undefined {
  if (Number.isNaN(start) || Number.isNaN(end)) return 'Both a beginning and an end are needed.'
  if (start >= end) return 'The end must be after the beginning.'
  if (end - start > LONGEST) return 'At most ten years can be looked at.'
  return undefined
}

function stretch(start: number, end: number): Period {
  const length = end - start
  const unit = length <= FIRST_MINUTES ? 'minute' : length <= FIRST_HOURS ? 'hour' : 'day'
  return { start, end, unit }
}

/** Whether buckets of it stand beside those of the stretch before. */
export function comparable({ start, end, unit }: Period): boolean {
  return (end - start) % LENGTH[unit] === 0
}

/** When each bucket begins, also those in which nothing happened. */
export function buckets({ start, end, unit }: Period): number[] {
  const length = LENGTH[unit]
  const found = []
  for (let at = Math.floor(start / length) * length; at < end; at += length) found.push(at)
  return found
}

/** As an `<input type="datetime-local">` has it, in the browser's zone. */
export function localText(at: number): string {
  const zoned = new Date(at - new Date(at).getTimezoneOffset() * MINUTE)
  return zoned.toISOString().slice(0, 16)
}

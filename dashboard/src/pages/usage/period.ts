/** Stretches of whole days, as money is counted: the days of UTC. Pure. */

export interface Days {
  /** In milliseconds, at the beginning of a day; `end` is exclusive. */
  start: number
  end: number
}

export const DAY_MS = 86_400_000

export const RANGES = [
  { value: 'month', label: 'This month' },
  { value: 'last-month', label: 'Last month' },
  { value: '7d', label: '7 d' },
  { value: '30d', label: '30 d' },
  { value: '90d', label: '90 d' },
] as const
export type Range = (typeof RANGES)[number]['value']

export function rangeOf(wanted: unknown): Range {
  return RANGES.find(({ value }) => value === wanted)?.value ?? 'month'
}

/** Today counts as a whole day. */
export function daysOf(range: Range, now: number): Days {
  const end = dayOf(now) + DAY_MS
  switch (range) {
    case 'month':
      return { start: monthOf(now), end }
    case 'last-month':
      return { start: monthOf(monthOf(now) - 1), end: monthOf(now) }
    case '7d':
      return { start: end - 7 * DAY_MS, end }
    case '30d':
      return { start: end - 30 * DAY_MS, end }
    case '90d':
      return { start: end - 90 * DAY_MS, end }
  }
}

export function eachDay({ start, end }: Days): number[] {
  return Array.from({ length: Math.round((end - start) / DAY_MS) }, (_, index) => start + index * DAY_MS)
}

export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS
}

/** When the month begins that `at` is in. */
export function monthOf(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
}

export function nextMonthOf(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}

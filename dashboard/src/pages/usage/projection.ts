/** What the month will have cost at its end, if it goes on as of late. Pure. */
import { DAY_MS, dayOf, monthOf, nextMonthOf, type Days } from './period'

const PACE_DAYS = 7

export interface Spent {
  /** When the day begins, in milliseconds. */
  at: number
  cost: number
}

export interface Projection {
  /** This month, until now. */
  spent: number
  /** At the end of the month. */
  projected: number
}

/** The days that are needed for it: those of the month, and those of the pace. */
export function projectionDays(now: number): Days {
  return { start: Math.min(monthOf(now), paceFrom(now)), end: dayOf(now) + DAY_MS }
}

/**
 * What is spent, and for the rest of the month the pace of the last 7 days. Who began within them has the pace since
 * then, of at least a day: one busy hour is no pace.
 */
export function project(days: readonly Spent[], now: number): Projection {
  const month = monthOf(now)
  const spent = sum(days.filter(({ at }) => at >= month))
  const used = days.filter(({ at, cost }) => at >= paceFrom(now) && cost > 0)
  if (used.length === 0) return { spent, projected: spent }
  const since = Math.min(...used.map(({ at }) => at))
  const perDay = sum(used) / Math.max(1, (now - since) / DAY_MS)
  return { spent, projected: spent + (perDay * (nextMonthOf(now) - now)) / DAY_MS }
}

function paceFrom(now: number): number {
  return dayOf(now) - (PACE_DAYS - 1) * DAY_MS
}

function sum(days: readonly Spent[]): number {
  return days.reduce((total, { cost }) => total + cost, 0)
}

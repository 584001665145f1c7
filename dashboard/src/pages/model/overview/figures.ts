/** Figures of a stretch of time as the points of a chart: without gaps, oldest first. */
import type { Schema } from '@/api/client'
import type { Point } from '@/components/chart'
import type { Range } from '../search'

export type Unit = 'hour' | 'day'

const HOUR_MS = 3_600_000
const UNIT_MS: Record<Unit, number> = { hour: HOUR_MS, day: 24 * HOUR_MS }
const LENGTHS: Record<Range, { unit: Unit; count: number }> = {
  '24h': { unit: 'hour', count: 24 },
  '7d': { unit: 'hour', count: 7 * 24 },
  '30d': { unit: 'day', count: 30 },
}

export interface Stretch {
  /** RFC 3339; the beginning of an hour, or of a day of UTC. */
  start: string
  end: string
  unit: Unit
}

export function unitOf(range: Range): Unit {
  return LENGTHS[range].unit
}

/** Up to the end of this hour or day. `now` is in milliseconds. */
export function stretch(range: Range, now: number): Stretch {
  const { unit, count } = LENGTHS[range]
  const end = (Math.floor(now / UNIT_MS[unit]) + 1) * UNIT_MS[unit]
  return {
    start: new Date(end - count * UNIT_MS[unit]).toISOString(),
    end: new Date(end).toISOString(),
    unit,
  }
}

/** A point for each hour or day. What has no value in one, such as a latency without requests, is `null` there. */
export function points(rows: readonly Schema['BreakdownRow'][], { start, end, unit }: Stretch): Point[] {
  const found = new Map(rows.map((row) => [Date.parse(row.time ?? ''), row]))
  const all: Point[] = []
  for (let at = Date.parse(start); at < Date.parse(end); at += UNIT_MS[unit]) {
    const row = found.get(at)
    all.push({
      at,
      requests: row?.requests ?? 0,
      input: row?.input_tokens ?? 0,
      output: row?.output_tokens ?? 0,
      ...named('latency', row?.latency_ms),
      ...named('first', row?.first_token_ms),
    })
  }
  return all
}

function named(name: string, percentiles: Schema['Percentiles'] | null | undefined) {
  return {
    [`${name}50`]: percentiles?.p50 ?? null,
    [`${name}95`]: percentiles?.p95 ?? null,
    [`${name}99`]: percentiles?.p99 ?? null,
  }
}

/** How much more it is than before, as a fraction; `null` where there was nothing before. */
export function change(now: number | null | undefined, before: number | null | undefined): number | null {
  return now == null || before == null || before === 0 ? null : now / before - 1
}

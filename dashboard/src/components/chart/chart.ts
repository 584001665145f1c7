/** A chart as a page composes it, and what is said of it in words. Pure. */
import type { Formatted } from '@/format/number'
import type { ChartTable } from './chart-frame'
import type { Point, Series } from './series'

export interface Chart {
  title: string
  description: string
  points: Point[]
  series: Series[]
  stacked: boolean
  /** Its series are called whatever people call their things: the legend has two lines. */
  named?: boolean
  format: (value: number) => Formatted
}

/** The exact numbers, newest first. */
export function tableOf({ points, series, format }: Chart, formatTime: (at: number) => string): ChartTable {
  return {
    head: ['Time', ...series.map(({ name }) => name)],
    rows: points.toReversed().map((point) => [
      formatTime(point.at),
      ...series.map(({ key }) => {
        const value = point[key]
        return value == null ? '—' : format(value).exact
      }),
    ]),
  }
}

export function isEmpty({ points, series }: Chart): boolean {
  return points.every((point) => series.every(({ key }) => (point[key] ?? 0) === 0))
}

/** As a fraction; none where there was nothing before. */
export function changeOf(now: number | null | undefined, before: number | null | undefined): number | null {
  return now == null || before == null || before === 0 ? null : (now - before) / before
}

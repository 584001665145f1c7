/** Who used a model when: those who used it most, and all others together. Pure. */
import type { Point, Series } from '@/components/chart'
import { COLOURS } from '@/components/chart/series'
import type { Figures } from '../queries'
import { points, type Stretch } from './figures'

export type Measure = 'requests' | 'tokens'

export interface UsersSeries {
  name: string
  /** Of the user alone. */
  rows: readonly Figures[]
}

/** As many as there are colours that are told apart. */
export const DRAWN_USERS = COLOURS.length
const OTHERS = 'others'

/** A stack whose height is what everybody asked. `all` are the rows of everybody. */
export function byUser(
  users: readonly UsersSeries[],
  all: readonly Figures[],
  asked: Stretch,
  measure: Measure,
): { points: Point[]; series: Series[] } {
  const each = users.map(({ rows }) => points(rows, asked))
  const stacked = points(all, asked).map((whole, index) => {
    const point: Point = { at: whole.at }
    let rest = valueOf(whole, measure)
    each.forEach((own, user) => {
      const value = own[index] === undefined ? 0 : valueOf(own[index], measure)
      point[`user${user}`] = value
      rest -= value
    })
    point[OTHERS] = Math.max(rest, 0) // they are asked one after another, and requests come in between
    return point
  })
  const series: Series[] = users.map(({ name }, user) => ({
    key: `user${user}`,
    name,
    colour: COLOURS[user] ?? 'faint',
  }))
  if (stacked.some((point) => (point[OTHERS] ?? 0) > 0)) {
    series.push({ key: OTHERS, name: 'Others', colour: 'faint' })
  }
  return { points: stacked, series }
}

function valueOf(point: Point, measure: Measure): number {
  return measure === 'requests' ? (point.requests ?? 0) : (point.input ?? 0) + (point.output ?? 0)
}

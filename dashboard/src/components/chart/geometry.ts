/** Where a chart's lines and areas go, in hundredths of its width and height from the upper left. Pure. */
import type { Point, Series } from './series'

/** A stretch of a series without a gap: what is drawn from `low` to `high`, in the chart's own values. */
export interface Stretch {
  at: number
  low: number
  high: number
}

/** How many buckets are between two that are named, by how long a bucket is at most: people count in these. */
const STRIDES = [
  { upTo: 60_000, strides: [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440] },
  { upTo: 3_600_000, strides: [1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720] },
  { upTo: Infinity, strides: [1, 2, 7, 14, 28, 91, 182, 364] },
]
const MOST_TIMES = 5
const VALUE_STEPS = 3
const MINUTE_MS = 60_000

/** Round values from zero up to one that nothing is above. */
export function valueTicks(highest: number): number[] {
  if (!(highest > 0)) return [0, 1]
  const rough = highest / VALUE_STEPS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 2.5, 5].find((each) => each * power >= rough * 0.999) ?? 10)
  const count = Math.ceil(highest / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/** A few of the times, at midnight, noon and the like where the person is. */
export function timeTicks(times: readonly number[]): number[] {
  const [first, second] = times
  if (first === undefined || second === undefined) return [...times]
  const length = second - first
  const strides = STRIDES.find(({ upTo }) => length <= upTo)?.strides
  const stride = strides?.find((each) => times.length / each <= MOST_TIMES) ?? times.length
  const bucket = (at: number) => Math.round((at - new Date(at).getTimezoneOffset() * MINUTE_MS) / length)
  return times.filter((at) => bucket(at) % stride === 0)
}

/** How far to the right `at` is. */
export function across(times: readonly number[], at: number): number {
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  return last === first ? 50 : ((at - first) / (last - first)) * 100
}

/** The time that is nearest to a place, 0 to 100 across. */
export function nearest(times: readonly number[], place: number): number | undefined {
  return times.reduce<number | undefined>((best, at) => {
    const off = (time: number) => Math.abs(across(times, time) - place)
    return best === undefined || off(at) < off(best) ? at : best
  }, undefined)
}

/** Each series on top of those before it, or all from zero. What is compared with stands on nothing. */
export function stretches(
  points: readonly Point[],
  series: readonly Series[],
  stacked: boolean,
): Stretch[][][] {
  const heights = points.map(() => 0)
  return series.map(({ key, dashed }) => {
    const found: Stretch[][] = []
    let open = false
    points.forEach((point, index) => {
      const value = point[key]
      const onStack = stacked && dashed !== true
      if (value == null && !onStack) {
        open = false
        return
      }
      const low = onStack ? (heights[index] ?? 0) : 0
      const high = low + (value ?? 0)
      if (onStack) heights[index] = high
      if (!open) found.push([])
      open = true
      found.at(-1)?.push({ at: point.at, low, high })
    })
    return found
  })
}

/** The `d` of a path along the upper edge. */
export function line(stretch: readonly Stretch[], x: (at: number) => number, y: (value: number) => number) {
  return `M${stretch.map(({ at, high }) => `${short(x(at))},${short(y(high))}`).join('L')}`
}

/** The `d` of what is between both edges. */
export function area(stretch: readonly Stretch[], x: (at: number) => number, y: (value: number) => number) {
  const below = stretch.toReversed().map(({ at, low }) => `${short(x(at))},${short(y(low))}`)
  return `${line(stretch, x, y)}L${below.join('L')}Z`
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}

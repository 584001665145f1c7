/** What the charts show, made of the API's rows. Pure: units, colours, zeros and gaps are decided here. */
import type { Chart, Point, Series } from '@/components/chart'
import { COLOURS } from '@/components/chart/series'
import { count, milliseconds, smallMoney } from '@/format/number'
import { buckets, type Period } from './period'
import { idOf, nameOf, type Figures, type Row } from './queries'

/** A figure of a row that is drawn: zero or nothing where there was no request. */
interface Drawn extends Series {
  of: (figures: Figures) => number | null | undefined
}

const BEFORE = { name: 'Period before', colour: 'faint', dashed: true } as const

export function statusChart(period: Period, byStatus: readonly Row[], rows: readonly Row[]): Chart {
  const classes = [
    { key: 'good', name: 'Succeeded', colour: 'good', has: (status: number) => status < 400 },
    { key: 'refused', name: '4xx', colour: 'warn', has: (status: number) => status >= 400 && status < 500 },
    { key: 'failed', name: '5xx', colour: 'bad', has: (status: number) => status >= 500 },
  ] as const
  const points = emptyPoints(period, [...classes.map(({ key }) => key), 'lost'])
  for (const row of byStatus) {
    const point = points.get(Date.parse(row.time ?? ''))
    const status = row.status
    const key = status == null ? 'lost' : (classes.find(({ has }) => has(status))?.key ?? 'lost')
    if (point !== undefined) point[key] = (point[key] ?? 0) + row.requests
  }
  const list = [...points.values()]
  const shown: Series[] = [...classes, { key: 'lost', name: 'Lost', colour: '4' as const }]
    .filter(({ key }) => key === 'good' || list.some((point) => (point[key] ?? 0) > 0))
    .map(({ key, name, colour }) => ({ key, name, colour }))
  return {
    title: 'Requests',
    description: 'By what the client was answered',
    points: list,
    series: withBefore(points, shown, rows, ({ requests }) => requests),
    stacked: true,
    format: count,
  }
}

/** Requests by the busiest models or people; `rows` are those of all. */
export function busiestChart(
  period: Period,
  by: 'model' | 'user',
  busiest: readonly Row[],
  rows: readonly Row[],
): Chart {
  const sums = new Map<string, { name: string; requests: number }>()
  for (const row of busiest) {
    const id = idOf(row, by) ?? ''
    const known = sums.get(id)
    const name = nameOf(row, by) ?? 'Deleted'
    sums.set(id, { name, requests: (known?.requests ?? 0) + row.requests })
  }
  const ranked = [...sums].toSorted(([, one], [, other]) => other.requests - one.requests)
  const keys = new Map(ranked.map(([id], index) => [id, String(index)]))
  const points = emptyPoints(period, [...keys.values(), 'others'])
  for (const row of rows) {
    const point = points.get(Date.parse(row.time ?? ''))
    if (point !== undefined) point.others = row.requests
  }
  for (const row of busiest) {
    const [point, key] = [points.get(Date.parse(row.time ?? '')), keys.get(idOf(row, by) ?? '')]
    if (point === undefined || key === undefined) continue
    point[key] = row.requests
    // What was recorded between the two questions is in one of them only.
    point.others = Math.max(0, (point.others ?? 0) - row.requests)
  }
  const list = [...points.values()]
  const series: Series[] = ranked.map(([, { name }], index) => ({
    key: String(index),
    name,
    colour: COLOURS[index % COLOURS.length] ?? '1',
  }))
  if (list.some(({ others }) => (others ?? 0) > 0))
    series.push({ key: 'others', name: 'Others', colour: 'faint' })
  return {
    title: by === 'model' ? 'Models' : 'Users',
    description: `Requests by the busiest ${by === 'model' ? 'models' : 'users'}`,
    points: list,
    series,
    stacked: true,
    named: true,
    format: count,
  }
}

export function tokensChart(period: Period, rows: readonly Row[]): Chart {
  return chartOf(period, rows, 'Tokens', 'Of prompts and of answers', count, [
    { key: 'input', name: 'In', colour: '1', of: (row) => row.input_tokens },
    { key: 'output', name: 'Out', colour: '2', of: (row) => row.output_tokens },
  ])
}

export function costChart(period: Period, rows: readonly Row[]): Chart {
  const cost = (row: Figures) => Number(row.cost ?? 0)
  const chart = chartOf(period, rows, 'Cost', 'What was charged', smallMoney, [
    { key: 'cost', name: 'Charged', colour: '1', of: cost },
  ])
  const points = new Map(chart.points.map((point) => [point.at, point]))
  return { ...chart, series: withBefore(points, chart.series, rows, cost) }
}

/** Percentiles where the rows have them, else the average. */
export function latencyChart(period: Period, rows: readonly Row[], percentiles: boolean): Chart {
  if (!percentiles) {
    return chartOf(period, rows, 'Latency', 'The average, from admission to the end', milliseconds, [
      { key: 'average', name: 'Average', colour: '1', of: (row) => row.avg_latency_ms },
    ])
  }
  return chartOf(
    period,
    rows,
    'Latency',
    'From admission to the end of the answer',
    milliseconds,
    percentilesOf('latency_ms'),
  )
}

export function firstTokenChart(period: Period, rows: readonly Row[]): Chart {
  return chartOf(
    period,
    rows,
    'Time to first token',
    'Of streams, from admission to the first byte',
    milliseconds,
    percentilesOf('first_token_ms'),
  )
}

export function cacheChart(period: Period, rows: readonly Row[]): Chart {
  const chart = chartOf(period, rows, 'Kept answers', 'Requests to models that keep answers', count, [
    { key: 'hits', name: 'Given again', colour: 'good', of: (row) => row.response_cache_hits },
    { key: 'coalesced', name: 'Shared', colour: '2', of: (row) => row.response_cache_coalesced },
    { key: 'misses', name: 'Asked', colour: 'faint', of: (row) => row.response_cache_misses },
  ])
  return { ...chart, stacked: true }
}

function percentilesOf(measure: 'latency_ms' | 'first_token_ms'): Drawn[] {
  return [
    { key: 'p50', name: 'p50', colour: '1', of: (row) => row[measure]?.p50 ?? null },
    { key: 'p95', name: 'p95', colour: '3', of: (row) => row[measure]?.p95 ?? null },
    { key: 'p99', name: 'p99', colour: '4', of: (row) => row[measure]?.p99 ?? null },
  ]
}

function chartOf(
  period: Period,
  rows: readonly Row[],
  title: string,
  description: string,
  format: Chart['format'],
  drawn: readonly Drawn[],
): Chart {
  const sums = format !== milliseconds
  const points = emptyPoints(
    period,
    drawn.map(({ key }) => key),
    sums ? 0 : null,
  )
  for (const row of rows) {
    const point = points.get(Date.parse(row.time ?? ''))
    if (point === undefined || row.requests === 0) continue
    for (const { key, of } of drawn) point[key] = of(row) ?? null
  }
  const series = drawn.map(({ key, name, colour }) => ({ key, name, colour }))
  return { title, description, points: [...points.values()], series, stacked: false, format }
}

function emptyPoints(period: Period, keys: readonly string[], nothing: 0 | null = 0): Map<number, Point> {
  const values = Object.fromEntries(keys.map((key) => [key, nothing]))
  return new Map(buckets(period).map((at) => [at, { ...values, at }]))
}

function withBefore(
  points: Map<number, Point>,
  series: readonly Series[],
  rows: readonly Row[],
  of: (figures: Figures) => number,
): Series[] {
  if (!rows.some(({ previous }) => previous != null && previous.requests > 0)) return [...series]
  for (const point of points.values()) point.before = 0
  for (const { time, previous } of rows) {
    const point = points.get(Date.parse(time ?? ''))
    if (point !== undefined && previous != null) point.before = of(previous)
  }
  return [...series, { key: 'before', ...BEFORE }]
}

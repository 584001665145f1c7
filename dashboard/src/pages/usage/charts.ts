/** What the charts show, made of the API's rows. Pure. */
import type { Chart, Point, Series } from '@/components/chart'
import { COLOURS } from '@/components/chart/series'
import { count, smallMoney } from '@/format/number'
import { eachDay, type Days } from './period'
import type { Row } from './queries'

const OTHERS = 'others'

/** The dearest models have a colour each; the rest share one. */
export function costChart(days: Days, rows: readonly Row[]): Chart {
  const costs = new Map<string, number>()
  for (const row of rows) costs.set(nameOf(row), (costs.get(nameOf(row)) ?? 0) + Number(row.cost ?? 0))
  const dear = [...costs].filter(([, cost]) => cost > 0).sort((one, two) => two[1] - one[1])
  const own = dear.slice(0, COLOURS.length).map(([model]) => model)
  // A model may be called anything, also what a point's own fields are called.
  const keys = new Map(own.map((model, index) => [model, `model-${index}`]))
  const points = emptyPoints(days, [...keys.values(), OTHERS])
  for (const row of rows) {
    const point = points.get(Date.parse(row.time ?? ''))
    const key = keys.get(nameOf(row)) ?? OTHERS
    if (point !== undefined) point[key] = (point[key] ?? 0) + Number(row.cost ?? 0)
  }
  const series: Series[] = own.map((model, index) => ({
    key: `model-${index}`,
    name: model,
    colour: COLOURS[index] ?? 'faint',
  }))
  if (dear.length > own.length) series.push({ key: OTHERS, name: 'Others', colour: 'faint' })
  return {
    title: 'Cost',
    description: 'A day, by model',
    points: [...points.values()],
    series,
    stacked: true,
    named: true,
    format: smallMoney,
  }
}

export function tokensChart(days: Days, rows: readonly Row[]): Chart {
  const points = emptyPoints(days, ['input', 'output'])
  for (const { time, input_tokens, output_tokens } of rows) {
    const point = points.get(Date.parse(time ?? ''))
    if (point === undefined) continue
    point.input = (point.input ?? 0) + input_tokens
    point.output = (point.output ?? 0) + output_tokens
  }
  return {
    title: 'Tokens',
    description: 'A day, of prompts and of answers',
    points: [...points.values()],
    series: [
      { key: 'input', name: 'In', colour: '1' },
      { key: 'output', name: 'Out', colour: '2' },
    ],
    stacked: false,
    format: count,
  }
}

function nameOf({ model }: Row): string {
  return model ?? ''
}

function emptyPoints(days: Days, keys: readonly string[]): Map<number, Point> {
  const nothing = Object.fromEntries(keys.map((key) => [key, 0]))
  return new Map(eachDay(days).map((at) => [at, { ...nothing, at }]))
}

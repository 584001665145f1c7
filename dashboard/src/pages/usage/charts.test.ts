import { expect, it } from 'vitest'
import { costChart, tokensChart } from './charts'
import { DAY_MS } from './period'
import type { Row } from './queries'

const FIRST = Date.UTC(2026, 8, 1)
const DAYS = { start: FIRST, end: FIRST + 2 * DAY_MS }

function row(day: number, model: string, cost: string | null, tokens = 0): Row {
  const time = new Date(FIRST + day * DAY_MS).toISOString()
  return { time, model, cost, input_tokens: tokens, output_tokens: 2 * tokens } as Row
}

it('the dearest models have a colour each, the rest share one', () => {
  const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((model, index) => row(0, model, String(index + 1)))
  const chart = costChart(DAYS, [...rows, row(1, 'f', '0.5'), row(1, 'free', null)])
  expect(chart.series.map(({ name }) => name)).toEqual(['f', 'e', 'd', 'c', 'Others'])
  expect(chart.points.map((point) => [point['model-0'], point.others])).toEqual([
    [6, 3],
    [0.5, 0],
  ])
})

it('models without a price are in no chart of cost', () => {
  expect(costChart(DAYS, [row(0, 'free', null)]).series).toEqual([])
})

it('tokens are those of all models', () => {
  const chart = tokensChart(DAYS, [row(1, 'a', null, 3), row(1, 'b', null, 4)])
  expect(chart.points.map(({ input, output }) => [input, output])).toEqual([
    [0, 0],
    [7, 14],
  ])
})

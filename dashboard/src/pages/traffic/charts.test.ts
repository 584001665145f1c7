// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { changeOf, isEmpty, tableOf } from '@/components/chart'
import { busiestChart, costChart, latencyChart, statusChart, tokensChart } from './charts'
import type { Row } from './queries'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 8, 20, 12)
const PERIOD = { start: NOON, end: NOON + 3 * HOUR, unit: 'hour' as const }

function row(hour: number, figures: Partial<Row>): Row {
  return { time: new Date(NOON + hour * HOUR).toISOString(), requests: 1, ...figures } as Row
}

describe('charts', () => {
  it('stack requests by what was answered, with zeros where nothing happened', () => {
    const byStatus = [
      row(0, { status: 200, requests: 5 }),
      row(0, { status: 201, requests: 1 }),
      row(2, { status: 502, requests: 2 }),
      row(2, { requests: 3 }),
    ]
    const chart = statusChart(PERIOD, byStatus, [])
    expect(chart.series.map(({ name }) => name)).toEqual(['Succeeded', '5xx', 'Lost'])
    expect(chart.points.map(({ good, failed, lost }) => [good, failed, lost])).toEqual([
      [6, 0, 0],
      [0, 0, 0],
      [0, 2, 3],
    ])
  })

  it('draw the period before beside it where there was something', () => {
    const before = { requests: 4, cost: '2.5' } as NonNullable<Row['previous']>
    const rows = [row(1, { requests: 0, cost: null, previous: before })]
    expect(costChart(PERIOD, rows).points.map((point) => [point.cost, point.before])).toEqual([
      [0, 0],
      [0, 2.5],
      [0, 0],
    ])
    expect(costChart(PERIOD, [row(1, { cost: '1' })]).series).toHaveLength(1)
  })

  it('leave a gap where no length is known', () => {
    const chart = latencyChart(PERIOD, [row(1, { latency_ms: { p50: 100, p95: 200, p99: 1300 } })], true)
    expect(chart.points.map(({ p50 }) => p50)).toEqual([null, 100, null])
    expect(tableOf(chart, String).rows[1]).toEqual([String(NOON + HOUR), '100 ms', '200 ms', '1,300 ms'])
    expect(tableOf(chart, String).rows[0]?.slice(1)).toEqual(['—', '—', '—'])
  })

  it('stack the busiest, the rest above them', () => {
    const busiest = [
      row(0, { model: 'b', requests: 1 }),
      row(0, { model: 'a', requests: 2 }),
      row(1, { model: 'a', requests: 3 }),
    ]
    const chart = busiestChart(PERIOD, 'model', busiest, [row(0, { requests: 5 }), row(1, { requests: 3 })])
    expect(chart.series.map(({ name }) => name)).toEqual(['a', 'b', 'Others'])
    expect(chart.points.map((point) => chart.series.map(({ key }) => point[key]))).toEqual([
      [2, 1, 2],
      [3, 0, 0],
      [0, 0, 0],
    ])
    const few = busiestChart(
      PERIOD,
      'user',
      [row(0, { user_id: 'u', requests: 5 })],
      [row(0, { requests: 4 })],
    )
    expect(few.series.map(({ name }) => name)).toEqual(['Deleted'])
  })

  it('know when there is nothing to draw', () => {
    expect(isEmpty(tokensChart(PERIOD, []))).toBe(true)
    expect(isEmpty(tokensChart(PERIOD, [row(0, { input_tokens: 3 })]))).toBe(false)
  })

  it('tell no change from nothing', () => {
    expect([changeOf(3, 2), changeOf(1, 0), changeOf(null, 2), changeOf(0, 2)]).toEqual([0.5, null, null, -1])
  })
})

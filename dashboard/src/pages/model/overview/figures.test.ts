import { describe, expect, it } from 'vitest'
import type { Schema } from '@/api/client'
import { change, points, stretch } from './figures'

const NOW = Date.parse('2026-03-05T10:25:00Z')

function row(time: string, requests: number): Schema['BreakdownRow'] {
  return { time, requests, input_tokens: requests * 10, output_tokens: requests } as Schema['BreakdownRow']
}

describe('a stretch of time', () => {
  it('ends with this hour, or this day, and is as long as it says', () => {
    expect(stretch('24h', NOW)).toEqual({
      start: '2026-03-04T11:00:00.000Z',
      end: '2026-03-05T11:00:00.000Z',
      unit: 'hour',
    })
    expect(stretch('30d', NOW)).toMatchObject({ start: '2026-02-04T00:00:00.000Z', unit: 'day' })
  })
})

describe('points', () => {
  it('has one for each hour, with what is known of it', () => {
    const asked = stretch('24h', NOW)
    const latency = { p50: 10, p95: 20, p99: 30 }
    const all = points([{ ...row('2026-03-05T10:00:00Z', 3), latency_ms: latency }], asked)
    expect(all).toHaveLength(24)
    expect(all[23]).toMatchObject({ requests: 3, input: 30, output: 3, latency50: 10, latency99: 30 })
    expect(all[22]).toMatchObject({ at: Date.parse('2026-03-05T09:00:00Z'), requests: 0, latency50: null })
  })

  it('has one for each day, whatever clocks do in between', () => {
    expect(
      points([row('2026-02-04T00:00:00Z', 7)], stretch('30d', NOW)).map((each) => each.requests),
    ).toEqual([7, ...new Array<number>(29).fill(0)])
  })
})

describe('a change', () => {
  it('is a fraction of what was before, where anything was', () => {
    expect([change(15, 10), change(5, 10), change(5, 0), change(5, null), change(null, 5)]).toEqual([
      0.5,
      -0.5,
      null,
      null,
      null,
    ])
  })
})

import { expect, it } from 'vitest'
import type { Figures } from '../queries'
import { byUser } from './by-user'
import { stretch } from './figures'

const ASKED = stretch('24h', Date.parse('2026-03-05T10:25:00Z'))

function row(time: string, requests: number) {
  return { time, requests, input_tokens: requests * 10, output_tokens: requests } as Figures
}

const ALL = [row('2026-03-05T09:00:00Z', 4), row('2026-03-05T10:00:00Z', 7)]
const ADA = { name: 'ada@example.org', rows: [row('2026-03-05T10:00:00Z', 5)] }

it('stacks those who asked most, and the others on them', () => {
  const { points, series } = byUser([ADA], ALL, ASKED, 'requests')
  expect(series.map(({ name }) => name)).toEqual(['ada@example.org', 'Others'])
  expect(points).toHaveLength(24)
  expect(points.slice(-2)).toMatchObject([
    { user0: 0, others: 4 },
    { user0: 5, others: 2 },
  ])
  expect(byUser([ADA], ALL, ASKED, 'tokens').points.at(-1)).toMatchObject({ user0: 55, others: 22 })
})

it('speaks of no others where there are none', () => {
  const { points, series } = byUser([{ name: 'ada', rows: ALL }], ALL, ASKED, 'requests')
  expect(series).toHaveLength(1)
  expect(points.at(-1)).toMatchObject({ user0: 7, others: 0 })
})

import { describe, expect, it } from 'vitest'
import { DAY_MS, daysOf, eachDay, rangeOf } from './period'
import { project, projectionDays } from './projection'

const NOON = Date.UTC(2026, 8, 20, 12)
const TODAY = Date.UTC(2026, 8, 20)
const day = (number: number, cost: number) => ({ at: TODAY + number * DAY_MS, cost })

describe('stretches of days', () => {
  it.each([
    ['month', Date.UTC(2026, 8, 1), 20],
    ['last-month', Date.UTC(2026, 7, 1), 31],
    ['7d', Date.UTC(2026, 8, 14), 7],
    ['30d', Date.UTC(2026, 7, 22), 30],
  ] as const)('%s', (range, start, length) => {
    const days = daysOf(range, NOON)
    expect(days.start).toBe(start)
    expect(eachDay(days)).toHaveLength(length)
    expect(eachDay(days)[0]).toBe(start)
  })

  it('are the month where nothing else is wanted', () => {
    expect([rangeOf('ever'), rangeOf('7d')]).toEqual(['month', '7d'])
    expect(daysOf('last-month', Date.UTC(2026, 0, 5)).start).toBe(Date.UTC(2025, 11, 1))
  })
})

describe('a projection', () => {
  it('goes on at the pace of the last 7 days', () => {
    const days = [day(-15, 100), ...[-6, -5, -4, -3, -2, -1].map((number) => day(number, 2)), day(0, 1)]
    const { spent, projected } = project(days, NOON)
    expect(spent).toBe(113)
    expect(projected).toBeCloseTo(113 + 2 * 10.5)
  })

  it('takes no busy hour for a pace', () => {
    expect(project([day(0, 3)], TODAY + 3_600_000).projected).toBeCloseTo(3 + 3 * (11 - 1 / 24))
  })

  it('is what is spent where nothing was used of late', () => {
    expect(project([day(-12, 5), day(-30, 7)], NOON)).toEqual({ spent: 5, projected: 5 })
    expect(project([], NOON)).toEqual({ spent: 0, projected: 0 })
  })

  it('counts days of the month before for the pace only', () => {
    const second = Date.UTC(2026, 8, 2)
    expect(projectionDays(second).start).toBe(Date.UTC(2026, 7, 27))
    const days = [{ at: Date.UTC(2026, 7, 27), cost: 6 }]
    const { spent, projected } = project(days, second)
    expect(spent).toBe(0)
    expect(projected).toBeCloseTo(29)
  })
})

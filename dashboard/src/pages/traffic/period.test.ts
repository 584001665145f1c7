import { describe, expect, it } from 'vitest'
import { buckets, comparable, localText, periodOf, wrongWith } from './period'

const NOW = Date.UTC(2026, 8, 20, 12, 30, 20)
const at = (text: string) => Date.parse(text)

describe('a period', () => {
  it('is one of the presets, to the end of this minute', () => {
    expect(periodOf({ range: '7d' }, NOW)).toEqual({
      start: at('2026-09-13T12:31:00Z'),
      end: at('2026-09-20T12:31:00Z'),
      unit: 'hour',
    })
  })

  it.each([{}, { range: 'ever' }, { from: 'x', to: 'y' }, { from: '2026-09-20', to: '2026-09-19' }])(
    'is the last 24 hours for %o',
    (search) => {
      expect(periodOf(search, NOW).start).toBe(at('2026-09-19T12:31:00Z'))
    },
  )

  it('is what was typed', () => {
    const search = { range: '7d', from: '2026-09-01T00:00:00Z', to: '2026-09-02T00:00:00Z' }
    expect(periodOf(search, NOW)).toEqual({
      start: at('2026-09-01T00:00:00Z'),
      end: at('2026-09-02T00:00:00Z'),
      unit: 'hour',
    })
  })

  it.each([
    ['1h', 'minute'],
    ['6h', 'minute'],
    ['24h', 'hour'],
    ['30d', 'day'],
  ])('of %s has buckets of a %s', (range, unit) => {
    const period = periodOf({ range }, NOW)
    expect(period.unit).toBe(unit)
    expect(comparable(period)).toBe(true)
    expect(buckets(period).length).toBeLessThan(500)
  })

  it('begins with the bucket that its beginning is in', () => {
    const period = {
      start: at('2026-09-20T10:40:00Z'),
      end: at('2026-09-20T12:00:00Z'),
      unit: 'hour' as const,
    }
    expect(buckets(period)).toEqual([at('2026-09-20T10:00:00Z'), at('2026-09-20T11:00:00Z')])
    expect(comparable(period)).toBe(false)
  })

  it('that cannot be is explained', () => {
    expect(wrongWith(NaN, 1)).toContain('needed')
    expect(wrongWith(2, 1)).toContain('after')
    expect(wrongWith(0, 1e15)).toContain('ten years')
    expect(wrongWith(1, 2)).toBeUndefined()
  })

  it('is typed in the zone of the browser', () => {
    expect(new Date(localText(NOW)).getTime()).toBe(Math.floor(NOW / 60_000) * 60_000)
  })
})

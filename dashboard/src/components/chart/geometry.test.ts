import { expect, test } from 'vitest'
import { across, area, line, nearest, stretches, timeTicks, valueTicks } from './geometry'

const HOUR = 3_600_000
const midnight = new Date(2026, 10, 20).getTime()
const hours = (count: number, first = midnight) =>
  Array.from({ length: count }, (_, index) => first + index * HOUR)

test('values are round and none is above the last', () => {
  expect(valueTicks(3)).toEqual([0, 1, 2, 3])
  expect(valueTicks(950)).toEqual([0, 500, 1000])
  expect(valueTicks(0.07)).toEqual([0, 0.025, 0.05, 0.075])
  expect(valueTicks(1)).toEqual([0, 0.5, 1])
  expect(valueTicks(0)).toEqual([0, 1])
})

test('times are few, and round where the person is', () => {
  expect(timeTicks(hours(24, midnight + 5 * HOUR)).map((at) => new Date(at).getHours())).toEqual([
    6, 12, 18, 0,
  ])
  expect(timeTicks(hours(168)).every((at) => new Date(at).getHours() === 0)).toBe(true)
  const minutes = Array.from({ length: 60 }, (_, index) => midnight + index * 60_000)
  expect(timeTicks(minutes).map((at) => new Date(at).getMinutes())).toEqual([0, 15, 30, 45])
  expect(timeTicks([midnight])).toEqual([midnight])
})

test('a place across is a time and back', () => {
  const times = hours(5)
  expect(across(times, midnight + HOUR)).toBe(25)
  expect(nearest(times, 30)).toBe(midnight + HOUR)
  expect(across([midnight], midnight)).toBe(50)
  expect(nearest([], 30)).toBeUndefined()
})

const series = [
  { key: 'a', name: 'A', colour: '1' },
  { key: 'b', name: 'B', colour: '2' },
  { key: 'before', name: 'Before', colour: 'faint', dashed: true },
] as const
const points = [
  { at: 0, a: 1, b: 2, before: 5 },
  { at: 1, a: null, b: 3, before: 6 },
]

test('a stack has no gaps, and what it is compared with does not stand on it', () => {
  expect(stretches(points, series, true)).toEqual([
    [
      [
        { at: 0, low: 0, high: 1 },
        { at: 1, low: 0, high: 0 },
      ],
    ],
    [
      [
        { at: 0, low: 1, high: 3 },
        { at: 1, low: 0, high: 3 },
      ],
    ],
    [
      [
        { at: 0, low: 0, high: 5 },
        { at: 1, low: 0, high: 6 },
      ],
    ],
  ])
})

test('where there is nothing a line has a gap', () => {
  const broken = [
    { at: 0, a: 1 },
    { at: 1, a: null },
    { at: 2, a: 2 },
    { at: 3, a: 3 },
  ]
  expect(stretches(broken, [series[0]], false)).toEqual([
    [
      [{ at: 0, low: 0, high: 1 }],
      [
        { at: 2, low: 0, high: 2 },
        { at: 3, low: 0, high: 3 },
      ],
    ],
  ])
})

test('paths go along the upper edge and back along the lower', () => {
  const stretch = [
    { at: 0, low: 1, high: 2 },
    { at: 10, low: 0, high: 3.3333 },
  ]
  const same = (value: number) => value
  expect(line(stretch, same, same)).toBe('M0,2L10,3.33')
  expect(area(stretch, same, same)).toBe('M0,2L10,3.33L10,0L0,1Z')
})

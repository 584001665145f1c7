import { expect, it } from 'vitest'
import { kept, moved } from './grid-focus'

const SIZE = { rows: 3, columns: 2 }

it.each([
  ['ArrowRight', { row: 0, column: 0 }, { row: 0, column: 1 }],
  ['ArrowDown', { row: 0, column: 1 }, { row: 1, column: 1 }],
  ['ArrowUp', { row: 0, column: 1 }, { row: -1, column: 1 }],
  ['ArrowLeft', { row: 2, column: 0 }, { row: 2, column: -1 }],
  ['End', { row: 1, column: -1 }, { row: 1, column: 1 }],
  ['Home', { row: 1, column: 1 }, { row: 1, column: 0 }],
])('%s leads from %j to %j', (key, from, to) => {
  expect(moved(from, key, false, SIZE)).toEqual(to)
})

it.each([
  ['ArrowRight', { row: 0, column: 1 }],
  ['ArrowDown', { row: 2, column: 0 }],
  ['ArrowUp', { row: 0, column: -1 }], // the corner
  ['ArrowLeft', { row: -1, column: 0 }],
  ['ArrowUp', { row: -1, column: 0 }],
  ['a', { row: 0, column: 0 }],
])('%s leads from %j nowhere', (key, from) => {
  expect(moved(from, key, false, SIZE)).toBeUndefined()
})

it('leads to the ends of the grid with Ctrl', () => {
  expect(moved({ row: 1, column: 1 }, 'Home', true, SIZE)).toEqual({ row: 0, column: 0 })
  expect(moved({ row: 0, column: 0 }, 'End', true, SIZE)).toEqual({ row: 2, column: 1 })
})

it('stays where it is, or at the nearest place of a smaller grid', () => {
  expect(kept({ row: 1, column: 0 }, SIZE)).toEqual({ row: 1, column: 0 })
  expect(kept({ row: 40, column: 20 }, SIZE)).toEqual({ row: 2, column: 1 })
})

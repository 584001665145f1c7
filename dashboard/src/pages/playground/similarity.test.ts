import { expect, it } from 'vitest'
import { cosine, similarities } from './similarity'

it('is the angle between vectors, whatever their lengths', () => {
  expect(cosine([1, 0], [5, 0])).toBe(1)
  expect(cosine([1, 0], [0, 2])).toBe(0)
  expect(cosine([1, 1], [-2, -2])).toBeCloseTo(-1)
  expect(cosine([0, 0], [1, 1])).toBe(0)
  expect(similarities([[1, 0], [0, 1]])).toEqual([[1, 0], [0, 1]]) // prettier-ignore
})

import { expect, it } from 'vitest'
import { minus, plus } from './decimal'

it('sums are exact', () => {
  expect(plus('0.1', '0.2')).toBe('0.3')
  expect(plus('12', '0.000001')).toBe('12.000001')
  expect(plus('-0.5', '0.25')).toBe('-0.25')
  expect(minus('1', '1.05')).toBe('-0.05')
  expect(minus('-1.5', '-2')).toBe('0.5')
  expect(minus('90071992547409930.1', '0.1')).toBe('90071992547409930.0')
})

import { describe, expect, it } from 'vitest'
import { decimal, perMillion, perToken } from './decimal'

describe('prices', () => {
  it('are moved between a token and a million of them without losing a digit', () => {
    const pairs = [
      ['2.5', '0.0000025'],
      ['0.15', '0.00000015'],
      ['10', '0.00001'],
      ['0', '0'],
      ['1234567.890123', '1.234567890123'],
      ['0.000001', '0.000000000001'],
    ] as const
    for (const [million, token] of pairs) {
      expect(perToken(million)).toBe(token)
      expect(perMillion(token)).toBe(million)
    }
  })

  it('come back as they went, for any amount', () => {
    for (let number = 0; number < 3000; number += 7) {
      const million = String(number / 1000)
      expect(perMillion(perToken(million) ?? '')).toBe(million)
    }
  })

  it('lose the zeros that say nothing', () => {
    expect([perMillion('0.000002500000'), perToken('002.50'), perToken('.5')]).toEqual([
      '2.5',
      '0.0000025',
      '0.0000005',
    ])
  })

  it('are no words, no signs and not nothing', () => {
    expect(['', '.', '-1', '1e3', 'free'].map(perToken)).toEqual(new Array(5).fill(undefined))
    expect(decimal('free', 6)).toMatch(/amount/)
    expect(decimal('0.1234567', 6)).toMatch(/At most 6/)
    expect([decimal('0.1234560', 6), decimal('', 6), decimal('12', 6)]).toEqual([true, true, true])
  })
})

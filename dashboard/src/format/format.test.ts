import { describe, expect, it } from 'vitest'
import { count, milliseconds, money, percentage, plural, pricePerMillion, smallMoney, tick } from './number'
import { relativeTime, tickName } from './time'

describe('numbers', () => {
  it.each([
    [0, '0', '0'],
    [9999, '9,999', '9,999'],
    [12_345, '12.3K', '12,345'],
    [1_234_567, '1.23M', '1,234,567'],
  ])('counts %d', (value, shown, exact) => {
    expect(count(value)).toEqual({ shown, exact })
  })

  it.each([
    ['0.000000000', '$0.00', '$0'],
    ['0.001200000', '<$0.01', '$0.0012'],
    ['12.500000000', '$12.50', '$12.5'],
    ['-3.10', '−$3.10', '−$3.1'],
    [0.1 + 0.2, '$0.30', '$0.3'],
    ['100', '$100.00', '$100'],
    ['1234567.00', '$1.23M', '$1234567'],
  ])('shows the amount %s', (value, shown, exact) => {
    expect(money(value)).toEqual({ shown, exact })
  })

  it('shows what is far less than a cent', () => {
    const shown = ['0', '0.000220000', '-0.00022', '0.02'].map((each) => smallMoney(each).shown)
    expect(shown).toEqual(['$0.00', '$0.00022', '−$0.00022', '$0.02'])
  })

  it('says no zeros beside an axis that say nothing', () => {
    const money = ['$0.00', '$4.00', '$2.50', '$0.0005'].map(tick)
    const times = ['0 ms', '500 ms', '1.50 s', '10.0 s'].map(tick)
    const counts = ['0', '5,000', '10K'].map(tick)
    expect([money, times, counts]).toEqual([
      ['$0', '$4', '$2.50', '$0.0005'],
      ['0', '500 ms', '1.5 s', '10 s'],
      ['0', '5,000', '10K'],
    ])
  })

  it('shows a token price per million', () => {
    expect(pricePerMillion('0.000002500')).toEqual({ shown: '$2.50', exact: '$0.0000025 per token' })
  })

  it('shows durations and shares', () => {
    expect(milliseconds(240).shown).toBe('240 ms')
    expect(milliseconds(1234).shown).toBe('1.23 s')
    expect(percentage(99.987).shown).toBe('99.99%')
    expect(percentage(100).shown).toBe('100%')
  })

  it('speaks of one and of many', () => {
    expect([plural(1, 'key'), plural(2, 'key'), plural(0, 'entry', 'entries')]).toEqual([
      '1 key',
      '2 keys',
      '0 entries',
    ])
  })
})

describe('times', () => {
  it('names midnight by its day, where days are not all the same', () => {
    const midnight = new Date(2026, 0, 10).getTime()
    const noon = new Date(2026, 0, 10, 12).getTime()
    expect([tickName(midnight, 'hour'), tickName(noon, 'hour')]).toEqual(['10 Jan', '10 Jan, 12:00'])
    expect([tickName(midnight, 'hour', true), tickName(noon, 'hour', true)]).toEqual(['00:00', '12:00'])
  })

  const now = Date.UTC(2026, 0, 10, 12)
  it.each([
    [-10, 'just now'],
    [-50, '1 minute ago'],
    [-300, '5 minutes ago'],
    [7200, 'in 2 hours'],
    [-3 * 86_400, '3 days ago'],
    [400 * 86_400, 'in 1 year'],
  ])('tells %d seconds', (seconds, text) => {
    expect(relativeTime(now + seconds * 1000, now)).toBe(text)
  })
})

import { describe, expect, it } from 'vitest'
import { asNewKey, BLANK, positive, positiveWhole } from './new-key'

const NOW = Date.UTC(2026, 0, 1)

describe('a new key', () => {
  it('has only what was filled in', () => {
    expect(asNewKey({ ...BLANK, name: ' ci ' }, NOW)).toEqual({
      name: 'ci',
      purpose: 'realtime',
      zero_data_retention: false,
    })
  })

  it('has limits, models and an expiry where they were chosen', () => {
    const values = {
      ...BLANK,
      name: 'ci',
      description: 'for tests',
      expires_at: '30' as const,
      models: ['a', 'b'],
      requests_per_second: '1.5',
      burst_size: '10',
      spend_limit: '20.50',
    }
    expect(asNewKey(values, NOW)).toEqual({
      name: 'ci',
      description: 'for tests',
      purpose: 'realtime',
      zero_data_retention: false,
      expires_at: '2026-01-31T00:00:00.000Z',
      models: ['a', 'b'],
      requests_per_second: 1.5,
      burst_size: 10,
      spend_limit: '20.50',
      spend_limit_interval: 'monthly',
    })
  })

  it('of the management API has no limits of AI requests', () => {
    const body = asNewKey(
      { ...BLANK, name: 'ops', purpose: 'platform', models: ['a'], spend_limit: '1' },
      NOW,
    )
    expect(body).not.toHaveProperty('models')
    expect(body).not.toHaveProperty('spend_limit')
  })

  it('whose cap is for all time has no interval', () => {
    const body = asNewKey({ ...BLANK, name: 'x', spend_limit: '1', spend_limit_interval: 'total' }, NOW)
    expect(body).not.toHaveProperty('spend_limit_interval')
  })
})

it('knows numbers', () => {
  expect([positive(''), positive('0.5'), positiveWhole('3')]).toEqual([true, true, true])
  expect(positive('0')).not.toBe(true)
  expect(positive('many')).not.toBe(true)
  expect(positiveWhole('1.5')).not.toBe(true)
})

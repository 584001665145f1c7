import { describe, expect, it } from 'vitest'
import { asChanges, expiryChoices, valuesOf } from './changed-key'
import type { Key } from './queries'

const NOW = Date.UTC(2026, 0, 1)
const KEY = {
  name: 'ci',
  description: null,
  purpose: 'realtime',
  expires_at: '2026-02-01T00:00:00Z',
  models: ['a'],
  requests_per_second: 2.5,
  burst_size: null,
  spend_limit: '20.50',
  spend_limit_interval: null,
  zero_data_retention: false,
  caching: 'key',
} as Key

function changes(changed: Partial<ReturnType<typeof valuesOf>>, key: Key = KEY) {
  return asChanges(key, { ...valuesOf(key), ...changed }, NOW)
}

describe('changes of a key', () => {
  it('are none where nothing was changed', () => {
    expect(changes({})).toEqual({})
    expect(changes({ name: ' ci ', spend_limit: '20.5' })).toEqual({})
  })

  it('are what was changed, and nothing else', () => {
    expect(changes({ name: 'new', description: 'for tests', requests_per_second: '3' })).toEqual({
      name: 'new',
      description: 'for tests',
      requests_per_second: 3,
    })
    expect(changes({ expires_at: '7', models: ['a', 'b'], zero_data_retention: true })).toEqual({
      expires_at: '2026-01-08T00:00:00.000Z',
      models: ['a', 'b'],
      zero_data_retention: true,
    })
  })

  it('take away what is emptied', () => {
    expect(changes({ expires_at: 'never', models: [], spend_limit: '', caching: 'model' })).toEqual({
      expires_at: null,
      models: null,
      spend_limit: null,
      caching: null,
    })
  })

  it('begin a cap with its interval', () => {
    const free = { ...KEY, spend_limit: null }
    expect(changes({ spend_limit: '5' }, free)).toEqual({ spend_limit: '5', spend_limit_interval: 'monthly' })
    expect(changes({ spend_limit: '5', spend_limit_interval: 'total', reset_window: true }, free)).toEqual({
      spend_limit: '5',
      spend_limit_interval: null,
    })
    expect(changes({ reset_window: true })).toEqual({ reset_window: true })
    expect(changes({ spend_limit_interval: 'daily' })).toEqual({ spend_limit_interval: 'daily' })
  })

  it('of the management API are of name, description and expiry', () => {
    const platform = { ...KEY, purpose: 'platform' }
    expect(changes({ name: 'ops', models: [], spend_limit: '' }, platform)).toEqual({ name: 'ops' })
  })

  it('may keep an expiry that is there', () => {
    expect(expiryChoices(KEY, 'in a month')[0].label).toBe('As now: in a month')
    expect(expiryChoices({ ...KEY, expires_at: null }, '')[0].value).toBe('never')
  })
})

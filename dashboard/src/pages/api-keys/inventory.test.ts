import { expect, it } from 'vitest'
import { filterQuery } from './inventory'

it('filters are asked for by the names of the API, and what it does not know is not', () => {
  expect(filterQuery({})).toEqual({})
  expect(filterQuery({ user_id: 'ada', purpose: 'platform', expiry: 'expiring', use: 'never' })).toEqual({
    user_id: 'ada',
    purpose: 'platform',
    expiry: 'expiring',
    used: false,
  })
  expect(filterQuery({ purpose: 'none', expiry: 'soon', use: '90' })).toEqual({ unused_days: 90 })
  expect(filterQuery({ use: '5' })).toEqual({})
})

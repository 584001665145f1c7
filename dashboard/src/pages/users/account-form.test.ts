import { expect, it } from 'vitest'
import { accountChanges, type AccountValues } from './account-form'

const BEFORE: AccountValues = {
  display_name: 'Ada',
  roles: ['BillingManager'],
  low_balance_threshold: '5',
  batch_notifications_enabled: false,
  zero_data_retention: false,
}

it('says nothing of what stays', () => {
  expect(accountChanges({ ...BEFORE }, BEFORE)).toEqual({})
  expect(accountChanges({ ...BEFORE, display_name: ' Ada L. ' }, BEFORE)).toEqual({ display_name: 'Ada L.' })
})

it('an empty threshold takes it away', () => {
  expect(accountChanges({ ...BEFORE, low_balance_threshold: ' ' }, BEFORE)).toEqual({
    low_balance_threshold: null,
  })
  expect(accountChanges({ ...BEFORE, low_balance_threshold: '2.5' }, BEFORE)).toEqual({
    low_balance_threshold: 2.5,
  })
})

it('the last role can be taken', () => {
  expect(accountChanges({ ...BEFORE, roles: [], zero_data_retention: true }, BEFORE)).toEqual({
    roles: [],
    zero_data_retention: true,
  })
})

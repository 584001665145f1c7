import { expect, it } from 'vitest'
import { balances, daysBetween, signed, typeName } from './ledger'
import type { Transaction } from './queries'

const line = (transaction_type: Transaction['transaction_type'], amount: string) =>
  ({ transaction_type, amount }) as Transaction

it('each line has the balance after it', () => {
  const lines = [
    line('usage', '0.25'),
    line('admin_grant', '10'),
    line('admin_removal', '1'),
    line('purchase', '2'),
  ]
  expect(balances(lines, '10.75')).toEqual(['10.75', '11.00', '1.00', '2.00'])
  expect(lines.map(signed)).toEqual(['-0.25', '10', '-1', '2'])
  expect(typeName('admin_grant')).toBe('Grant')
})

it('days are whole', () => {
  const { start_date, end_date } = daysBetween('2026-09-01', '2026-09-01')
  expect(Date.parse(end_date ?? '') - Date.parse(start_date ?? '')).toBe(86_399_999)
  expect(daysBetween(undefined, 'yesterday')).toEqual({})
})

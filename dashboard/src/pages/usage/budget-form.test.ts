import { describe, expect, it } from 'vitest'
import {
  amountWrong,
  asBudgetChanges,
  asNewBudget,
  BLANK,
  EVERYONE,
  periodName,
  scopeName,
  standing,
  thresholdsOf,
  valuesOf,
} from './budget-form'
import type { Budget } from './budget-queries'

const BUDGET = {
  name: 'Research',
  scope: 'group',
  scope_id: 'g',
  scope_name: 'research',
  amount: '250.00',
  period: 'month',
  rolling: false,
  enforcement: 'hard',
  alert_thresholds: ['0.8', '0.955'],
} as Budget

describe('a budget', () => {
  it('is made of what was filled in', () => {
    const values = { ...BLANK, name: ' Research ', scope_id: 'g', amount: '250' }
    expect(asNewBudget(values)).toEqual({
      name: 'Research',
      scope: 'group',
      scope_id: 'g',
      amount: '250',
      period: 'month',
      rolling: false,
      enforcement: 'hard',
      alert_thresholds: ['0.8', '0.95', '1'],
    })
  })

  it('of everybody is one of the group that everybody is in', () => {
    const made = asNewBudget({ ...BLANK, scope: 'everybody', scope_id: 'x', period: 'total', rolling: true })
    expect([made.scope, made.scope_id, made.rolling]).toEqual(['group', EVERYONE, false])
    expect(scopeName({ ...BUDGET, scope_id: EVERYONE })).toBe('Everybody')
    expect(scopeName({ ...BUDGET, scope_name: null })).toBe('Deleted group')
  })

  it('changes where something was changed', () => {
    const values = valuesOf(BUDGET)
    expect(values.alert_thresholds).toBe('80, 95.5')
    expect(asBudgetChanges(BUDGET, { ...values, amount: '250' })).toEqual({})
    expect(
      asBudgetChanges(BUDGET, { ...values, amount: '300', alert_thresholds: '', reset_window: true }),
    ).toEqual({ amount: '300', alert_thresholds: [], reset_window: true })
  })

  it('tells at shares of it', () => {
    expect(thresholdsOf('80%, 12.5 %,')).toEqual(['0.8', '0.125'])
    expect(thresholdsOf('')).toEqual([])
    for (const wrong of ['0', '-5', 'half', '1001', '0.001', '1,2,3,4,5,6,7,8,9,10,11'])
      expect(thresholdsOf(wrong)).toBeUndefined()
  })

  it('is left until it is spent', () => {
    expect(standing({ amount: '10', spent: '2.5' })).toEqual({ left: 7.5, share: 0.25 })
    expect(standing({ amount: '10', spent: '12' })).toEqual({ left: 0, share: 1 })
    expect([amountWrong('1'), amountWrong('')]).toEqual([true, 'An amount greater than zero.'])
    expect(periodName({ period: 'week', rolling: true })).toBe('in any 7 days')
  })
})

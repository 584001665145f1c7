import { expect, it } from 'vitest'
import { asTopup, greaterThanZero, isOn, limitWrong, notNegative, topupValues } from './topup-form'

const OFF = { auto_topup_threshold: null, auto_topup_amount: null, auto_topup_monthly_limit: null }

it('terms are sent as they were filled in', () => {
  expect(asTopup({ threshold: '0', amount: '20', monthly_limit: ' ' })).toEqual({ threshold: 0, amount: 20 })
  expect(asTopup({ threshold: '5', amount: '20', monthly_limit: '100' })).toEqual({
    threshold: 5,
    amount: 20,
    monthly_limit: 100,
  })
})

it('terms that are in force are those of the form', () => {
  const terms = { auto_topup_threshold: 0, auto_topup_amount: 10, auto_topup_monthly_limit: 40 }
  expect([isOn(OFF), isOn(terms)]).toEqual([false, true])
  expect(topupValues(terms)).toEqual({ threshold: '0', amount: '10', monthly_limit: '40' })
  expect(topupValues(OFF).monthly_limit).toBe('')
})

it('what cannot be is said', () => {
  expect([notNegative('0'), greaterThanZero('1'), limitWrong('', '9'), limitWrong('9', '9')]).toEqual([
    true,
    true,
    true,
    true,
  ])
  for (const wrong of [notNegative(''), notNegative('-1'), greaterThanZero('0'), limitWrong('8', '9')])
    expect(wrong).not.toBe(true)
})

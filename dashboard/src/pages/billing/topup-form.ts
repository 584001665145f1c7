/** When credits are bought by themselves, as a form has it. Pure. */
import type { Schema } from '@/api/client'
import type { User } from '@/session/session'

export interface TopupValues {
  threshold: string
  amount: string
  monthly_limit: string
}

type Terms = Pick<User, 'auto_topup_threshold' | 'auto_topup_amount' | 'auto_topup_monthly_limit'>

export function isOn({ auto_topup_threshold, auto_topup_amount }: Terms): boolean {
  return auto_topup_threshold !== null && auto_topup_amount !== null
}

export function topupValues(user: Terms): TopupValues {
  return {
    threshold: String(user.auto_topup_threshold ?? 5),
    amount: String(user.auto_topup_amount ?? 25),
    monthly_limit: user.auto_topup_monthly_limit === null ? '' : String(user.auto_topup_monthly_limit),
  }
}

export function asTopup({ threshold, amount, monthly_limit }: TopupValues): Schema['AutoTopupRequest'] {
  return {
    threshold: Number(threshold),
    amount: Number(amount),
    ...(monthly_limit.trim() === '' ? {} : { monthly_limit: Number(monthly_limit) }),
  }
}

export function notNegative(text: string): true | string {
  return (text.trim() !== '' && Number(text) >= 0) || 'An amount, zero or more.'
}

export function greaterThanZero(text: string): true | string {
  return Number(text) > 0 || 'An amount greater than zero.'
}

/** A limit beneath one purchase would let none through. */
export function limitWrong(text: string, amount: string): true | string {
  if (text.trim() === '') return true
  return Number(text) >= Number(amount) || 'At least as much as is bought at once.'
}

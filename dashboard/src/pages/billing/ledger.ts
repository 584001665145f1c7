/** Movements of credits in words and signs. Pure. */
import { minus, plus } from '@/format/decimal'
import type { Transaction } from './queries'

export const TYPES = [
  { value: 'purchase', label: 'Purchase', gives: true },
  { value: 'admin_grant', label: 'Grant', gives: true },
  { value: 'admin_removal', label: 'Removal', gives: false },
  { value: 'usage', label: 'Usage', gives: false },
] as const

type Kind = Transaction['transaction_type']

export function typeName(type: Kind): string {
  return TYPES.find(({ value }) => value === type)?.label ?? type
}

export function gives(type: Kind): boolean {
  return TYPES.find(({ value }) => value === type)?.gives === true
}

/** With the sign that it has for the balance. */
export function signed({
  transaction_type,
  amount,
}: Pick<Transaction, 'transaction_type' | 'amount'>): string {
  return gives(transaction_type) ? amount : `-${amount}`
}

/** The balance after each line of a page, newest first; `first` is that after its first line. */
export function balances(lines: readonly Transaction[], first: string): string[] {
  let balance = first
  return lines.map((line) => {
    const after = balance
    balance = gives(line.transaction_type) ? minus(balance, line.amount) : plus(balance, line.amount)
    return after
  })
}

/** The day in words of a date field as moments of the browser's zone; `to` is the last moment of its day. */
export function daysBetween(from: string | undefined, to: string | undefined) {
  const start = new Date(`${from ?? ''}T00:00:00`)
  const end = new Date(`${to ?? ''}T23:59:59.999`)
  return {
    ...(Number.isNaN(start.getTime()) ? {} : { start_date: start.toISOString() }),
    ...(Number.isNaN(end.getTime()) ? {} : { end_date: end.toISOString() }),
  }
}

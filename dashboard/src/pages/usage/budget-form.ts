/** What the form of a budget says, as the API wants it, and budgets in words. Pure. */
import type { Budget, BudgetChanges, NewBudget } from './budget-queries'

/** The group that everybody is in. */
export const EVERYONE = '00000000-0000-0000-0000-000000000000'

export const SCOPES = [
  { value: 'everybody', label: 'Everybody together' },
  { value: 'group', label: 'A group together' },
  { value: 'user', label: 'A user' },
  { value: 'key', label: 'A key' },
  { value: 'model', label: 'A model' },
] as const

export const PERIODS = [
  { value: 'day', label: 'A day' },
  { value: 'week', label: 'A week' },
  { value: 'month', label: 'A month' },
  { value: 'total', label: 'In all' },
] as const

export const ENFORCEMENTS = [
  { value: 'hard', label: 'Never pass it' },
  { value: 'spent', label: 'Refuse once it is spent' },
  { value: 'alert', label: 'Tell people only' },
] as const

export const ENFORCED: Record<Budget['enforcement'], string> = {
  hard: 'A request is let in only if the most it can cost is left.',
  spent: 'Requests are refused once it is spent; those under way then may pass it.',
  alert: 'Nothing is refused.',
}

export interface BudgetValues {
  name: string
  scope: (typeof SCOPES)[number]['value']
  scope_id: string
  amount: string
  period: NewBudget['period']
  rolling: boolean
  enforcement: Budget['enforcement']
  /** In per cent, with commas between. */
  alert_thresholds: string
  reset_window: boolean
}

export const BLANK: BudgetValues = {
  name: '',
  scope: 'group',
  scope_id: '',
  amount: '',
  period: 'month',
  rolling: false,
  enforcement: 'hard',
  alert_thresholds: '80, 95, 100',
  reset_window: false,
}

export function valuesOf(budget: Budget): BudgetValues {
  const percents = budget.alert_thresholds.map((part) => String(Number((Number(part) * 100).toFixed(2))))
  return {
    name: budget.name,
    scope: budget.scope_id === EVERYONE ? 'everybody' : budget.scope,
    scope_id: budget.scope_id,
    amount: budget.amount,
    period: budget.period,
    rolling: budget.rolling,
    enforcement: budget.enforcement,
    alert_thresholds: percents.join(', '),
    reset_window: false,
  }
}

export function asNewBudget(values: BudgetValues): NewBudget {
  const everybody = values.scope === 'everybody'
  return {
    name: values.name.trim(),
    scope: values.scope === 'everybody' ? 'group' : values.scope,
    scope_id: everybody ? EVERYONE : values.scope_id,
    amount: values.amount.trim(),
    period: values.period,
    rolling: values.rolling && values.period !== 'total',
    enforcement: values.enforcement,
    alert_thresholds: thresholdsOf(values.alert_thresholds) ?? [],
  }
}

/** Only what is changed. */
export function asBudgetChanges(budget: Budget, values: BudgetValues): BudgetChanges {
  const before = valuesOf(budget)
  const body: BudgetChanges = {}
  if (values.name.trim() !== before.name) body.name = values.name.trim()
  if (Number(values.amount) !== Number(before.amount)) body.amount = values.amount.trim()
  if (values.enforcement !== before.enforcement) body.enforcement = values.enforcement
  if (values.alert_thresholds.trim() !== before.alert_thresholds)
    body.alert_thresholds = thresholdsOf(values.alert_thresholds) ?? []
  if (values.reset_window) body.reset_window = true
  return body
}

const MOST_THRESHOLDS = 10
const MOST_PERCENT = 1000

/** "80, 95" as fractions; nothing where it is no such list. */
export function thresholdsOf(text: string): string[] | undefined {
  const parts = text
    .split(',')
    .map((part) => part.trim().replace(/\s*%$/, ''))
    .filter((part) => part !== '')
  const valid = parts.every((part) => Number(part) > 0 && Number(part) <= MOST_PERCENT)
  if (!valid || parts.length > MOST_THRESHOLDS) return undefined
  const fractions = parts.map((part) => String(Number((Number(part) / 100).toFixed(4))))
  return fractions.includes('0') ? undefined : fractions
}

/** An amount of money, more than zero. */
export function amountWrong(text: string): true | string {
  return Number(text) > 0 || 'An amount greater than zero.'
}

/** What is left of it, never less than nothing, and the share that is spent, at most 1. */
export function standing({ amount, spent }: Pick<Budget, 'amount' | 'spent'>) {
  const [all, gone] = [Number(amount), Number(spent)]
  return { left: Math.max(0, all - gone), share: Math.min(1, gone / all) }
}

const EACH: Record<Budget['period'], string> = {
  day: 'a day',
  week: 'a week',
  month: 'a month',
  total: 'in all',
}

/** "a month", "in any 30 days". */
export function periodName({ period, rolling }: Pick<Budget, 'period' | 'rolling'>): string {
  if (!rolling) return EACH[period]
  return period === 'day' ? 'in any 24 hours' : period === 'week' ? 'in any 7 days' : 'in any 30 days'
}

/** Whose requests count in it. */
export function scopeName({ scope, scope_id, scope_name }: Budget): string {
  return scope_id === EVERYONE ? 'Everybody' : (scope_name ?? `Deleted ${scope}`)
}

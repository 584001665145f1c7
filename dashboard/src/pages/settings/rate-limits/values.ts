/** A rate limit as its form has it, as the API wants it, and in words. Pure. */
import type { Schema } from '@/api/client'
import { asText, numberOrNull } from '@/components/number-text'
import { count } from '@/format/number'

type RateLimit = Schema['RateLimit']
export type LimitScope = RateLimit['scope']
export type LimitKind = RateLimit['kind']
type Per = NonNullable<RateLimit['per']>

export const SCOPES: readonly { value: LimitScope; label: string }[] = [
  { value: 'user', label: 'A user' },
  { value: 'group', label: 'A group, together' },
  { value: 'key', label: 'An API key' },
  { value: 'model', label: 'A model' },
]

export const KINDS: readonly { value: LimitKind; label: string }[] = [
  { value: 'requests', label: 'Requests' },
  { value: 'tokens', label: 'Tokens' },
  { value: 'concurrency', label: 'Requests at a time' },
  { value: 'session_minutes', label: 'Session minutes' },
]

export const PERIODS: readonly { value: Per; label: string }[] = [
  { value: 'second', label: 'a second' },
  { value: 'minute', label: 'a minute' },
  { value: 'day', label: 'a day' },
]

export interface LimitValues {
  name: string
  scope: LimitScope
  scope_id: string
  kind: LimitKind
  amount: string
  per: Per
  burst: string
  queue_seconds: string
  queue_length: string
}

export function valuesOf(limit: RateLimit | undefined): LimitValues {
  return {
    name: limit?.name ?? '',
    scope: limit?.scope ?? 'user',
    scope_id: limit?.scope_id ?? '',
    kind: limit?.kind ?? 'requests',
    amount: asText(limit?.amount),
    per: limit?.per ?? 'minute',
    burst: asText(limit?.burst),
    queue_seconds: limit === undefined || limit.queue_seconds === 0 ? '' : String(limit.queue_seconds),
    queue_length: limit === undefined || limit.queue_length === 0 ? '100' : String(limit.queue_length),
  }
}

/** What is said in a change; a new one also says what it is of. */
export function asChanges(values: LimitValues) {
  const seconds = Number(values.queue_seconds)
  return {
    name: values.name.trim(),
    amount: Number(values.amount),
    ...(values.kind === 'concurrency'
      ? { queue_seconds: seconds, queue_length: seconds === 0 ? 0 : Number(values.queue_length) }
      : { per: values.per, burst: numberOrNull(values.burst) }),
  }
}

export function asNewLimit(values: LimitValues): Schema['NewRateLimit'] {
  const { scope, scope_id, kind } = values
  return { queue_seconds: 0, queue_length: 0, ...asChanges(values), scope, scope_id, kind }
}

/** "60 requests a minute", "4 requests at a time", "30 session minutes a day". */
export function limitWords({ kind, amount, per }: Pick<RateLimit, 'kind' | 'amount' | 'per'>): string {
  const number = count(amount).shown
  if (kind === 'concurrency') return `${number} ${amount === 1 ? 'request' : 'requests'} at a time`
  const units = kind.replace('_', ' ')
  const unit = amount === 1 ? units.replace(/s$/, '') : units
  return `${number} ${unit} a ${per ?? 'minute'}`
}

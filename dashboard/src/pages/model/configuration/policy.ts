/** What the cards of a model's traffic policy hold, read from a policy and written as a part of one. */
import type { Schema } from '@/api/client'
import type { Policy } from '../queries'
import { asText, numberOrNull } from './numbers'

type Changes = Schema['TrafficPolicy']

export interface Choosing {
  balancing: 'strategy' | 'least_busy' | 'lowest_latency'
  sticky: 'nobody' | 'key' | 'user' | 'session'
  /** A component's id; empty: none. */
  canary: string
  canary_percent: string
}

export function choosingOf(policy: Policy | undefined): Choosing {
  return {
    balancing: policy?.balancing ?? 'strategy',
    sticky: policy?.sticky ?? 'nobody',
    canary: policy?.canary?.component_id ?? '',
    canary_percent: asText(policy?.canary?.percent ?? 5),
  }
}

export function choosingChanges(values: Choosing): Changes {
  return {
    balancing: values.balancing === 'strategy' ? null : values.balancing,
    sticky: values.sticky === 'nobody' ? null : values.sticky,
    canary:
      values.canary === '' ? null : { component_id: values.canary, percent: Number(values.canary_percent) },
  }
}

export interface Substitutes {
  /** Ids; empty: none. */
  on_context_overflow: string
  on_content_refusal: string
}

export function substitutesOf(policy: Policy | undefined): Substitutes {
  return {
    on_context_overflow: policy?.on_context_overflow ?? '',
    on_content_refusal: policy?.on_content_refusal ?? '',
  }
}

export function substituteChanges(values: Substitutes): Changes {
  return {
    on_context_overflow: values.on_context_overflow || null,
    on_content_refusal: values.on_content_refusal || null,
  }
}

export interface Waste {
  max_wasted_cost: string
  max_wasted_percent: string
}

export function wasteOf(policy: Policy | undefined): Waste {
  return {
    max_wasted_cost: policy?.fallback?.max_wasted_cost ?? '',
    max_wasted_percent: policy?.fallback?.max_wasted_percent ?? '',
  }
}

export function wasteChanges(values: Waste): Changes {
  const cost = values.max_wasted_cost.trim()
  if (cost === '') return { fallback: null }
  return { fallback: { max_wasted_cost: cost, max_wasted_percent: values.max_wasted_percent.trim() || null } }
}

export interface Hedging {
  begins: 'never' | 'after_ms' | 'after_percentile'
  after_ms: string
  after_percentile: string
  budget_percent: string
}

export function hedgingOf(policy: Policy | undefined): Hedging {
  const hedging = policy?.hedging
  return {
    begins: hedging == null ? 'never' : hedging.after_ms == null ? 'after_percentile' : 'after_ms',
    after_ms: asText(hedging?.after_ms ?? 300),
    after_percentile: asText(hedging?.after_percentile ?? 95),
    budget_percent: asText(hedging?.budget_percent ?? 5),
  }
}

export function hedgingChanges(values: Hedging): Changes {
  if (values.begins === 'never') return { hedging: null }
  return {
    hedging: {
      [values.begins]: Number(values[values.begins]),
      budget_percent: Number(values.budget_percent),
    },
  }
}

const TIMEOUTS = ['connect', 'first_byte', 'idle', 'total'] as const
/** Seconds; empty: the server's. */
export type Timeouts = Record<(typeof TIMEOUTS)[number], string>

export function timeoutsOf(policy: Policy | undefined): Timeouts {
  return Object.fromEntries(TIMEOUTS.map((name) => [name, asText(policy?.timeouts?.[name])])) as Timeouts
}

export function timeoutChanges(values: Timeouts): Changes {
  const timeouts = Object.fromEntries(TIMEOUTS.map((name) => [name, numberOrNull(values[name])]))
  return { timeouts: Object.values(timeouts).every((value) => value === null) ? null : timeouts }
}

export interface Caching {
  enabled: boolean
  ttl_seconds: string
  scope: Schema['Caching']['scope']
  max_entry_bytes: string
  shared: boolean
}

export function cachingOf(policy: Policy | undefined): Caching {
  const caching = policy?.caching
  return {
    enabled: caching != null,
    ttl_seconds: asText(caching?.ttl_seconds ?? 3600),
    scope: caching?.scope ?? 'key',
    max_entry_bytes: asText(caching?.max_entry_bytes ?? 1024 * 1024),
    shared: caching?.shared ?? false,
  }
}

export function cachingChanges(values: Caching): Changes {
  if (!values.enabled) return { caching: null }
  return {
    caching: {
      ttl_seconds: Number(values.ttl_seconds),
      scope: values.scope,
      max_entry_bytes: Number(values.max_entry_bytes),
      shared: values.shared,
    },
  }
}

const BREAKER = {
  failures: 5,
  error_rate: 0.5,
  min_requests: 20,
  window_seconds: 10,
  cooldown_seconds: 5,
  longest_cooldown_seconds: 60,
} as const
const PARTS = Object.keys(BREAKER) as (keyof typeof BREAKER)[]
export type Breaker = Record<keyof typeof BREAKER, string>

export function breakerOf(policy: Policy | undefined): Breaker {
  return Object.fromEntries(
    PARTS.map((name) => [name, asText(policy?.breaker?.[name] ?? BREAKER[name])]),
  ) as Breaker
}

/** The usual ones are none of the model's own. */
export function breakerChanges(values: Breaker): Changes {
  const breaker = Object.fromEntries(PARTS.map((name) => [name, Number(values[name])])) as Schema['Breaker']
  return { breaker: PARTS.every((name) => breaker[name] === BREAKER[name]) ? null : breaker }
}

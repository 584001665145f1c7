import { describe, expect, it } from 'vitest'
import type { Policy } from '../queries'
import {
  breakerChanges,
  breakerOf,
  cachingChanges,
  cachingOf,
  choosingChanges,
  choosingOf,
  hedgingChanges,
  hedgingOf,
  substituteChanges,
  substitutesOf,
  timeoutChanges,
  timeoutsOf,
  wasteChanges,
  wasteOf,
} from './policy'

const FULL: Policy = {
  balancing: 'least_busy',
  sticky: 'session',
  canary: { component_id: 'c', percent: 12.5 },
  on_context_overflow: 'long',
  on_content_refusal: null,
  fallback: { max_wasted_cost: '0.50', max_wasted_percent: '5' },
  hedging: { after_ms: null, after_percentile: 95, budget_percent: 3 },
  timeouts: { connect: null, first_byte: 20, idle: null, total: null },
  caching: { ttl_seconds: 60, scope: 'group', max_entry_bytes: 4096, shared: true },
  breaker: {
    failures: 3,
    error_rate: 0.5,
    min_requests: 20,
    window_seconds: 10,
    cooldown_seconds: 2,
    longest_cooldown_seconds: 30,
  },
}

function written(policy: Policy | undefined) {
  return {
    ...choosingChanges(choosingOf(policy)),
    ...substituteChanges(substitutesOf(policy)),
    ...wasteChanges(wasteOf(policy)),
    ...hedgingChanges(hedgingOf(policy)),
    ...timeoutChanges(timeoutsOf(policy)),
    ...cachingChanges(cachingOf(policy)),
    ...breakerChanges(breakerOf(policy)),
  }
}

describe('a traffic policy', () => {
  it('is written as it was read', () => {
    expect(written(FULL)).toEqual({ ...FULL, hedging: { after_percentile: 95, budget_percent: 3 } })
  })

  it('has nothing of its own where nothing is set', () => {
    expect(written(undefined)).toEqual(Object.fromEntries(Object.keys(FULL).map((name) => [name, null])))
  })
})

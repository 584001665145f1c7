import { describe, expect, it } from 'vitest'
import type { Model } from '../queries'
import { between, needed } from '@/components/number-text'
import {
  apis,
  identityChanges,
  identityOf,
  limitChanges,
  limitsOf,
  retriesOf,
  retryChanges,
  ruleChanges,
  rulesOf,
  statuses,
  words,
} from './settings'

const MODEL = {
  alias: 'gpt',
  description: 'The large one',
  model_type: 'CHAT',
  capabilities: ['tools', 'vision'],
  requests_per_second: 2.5,
  metadata: { provider: 'OpenAI', context_window: 128_000, apis: ['chat'], extra: { team: 'ml' } },
  fallback: {
    enabled: true,
    on_rate_limit: false,
    on_status: [500, 503],
    with_replacement: false,
    max_attempts: 3,
    backoff: { initial_ms: 50, max_ms: 400, factor: 3, jitter: 'none' },
  },
  traffic_routing_rules: [{ api_key_purpose: 'batch', action: { type: 'redirect', target: 'cheap' } }],
} as unknown as Model

describe('what a model is', () => {
  it('is written as it was read, with the metadata that no field shows', () => {
    expect(identityChanges(identityOf(MODEL), MODEL)).toEqual({
      alias: 'gpt',
      display_name: '',
      description: 'The large one',
      model_type: 'CHAT',
      capabilities: ['tools', 'vision'],
      metadata: {
        provider: 'OpenAI',
        context_window: 128_000,
        max_output_tokens: null,
        apis: ['chat'],
        extra: { team: 'ml' },
      },
    })
  })

  it('leaves to the catalogue what is empty', () => {
    const { metadata } = identityChanges({ ...identityOf(MODEL), apis: ' ', context_window: '' }, MODEL)
    expect(metadata).toMatchObject({ apis: null, context_window: null })
  })

  it('names the APIs that there are', () => {
    expect(apis('chat, images')).toBe(true)
    expect(apis('chat, telepathy')).toContain('image_edits')
  })

  it('says nothing of a type that is not known', () => {
    expect(identityChanges({ ...identityOf(MODEL), model_type: '' }, MODEL)).not.toHaveProperty('model_type')
  })
})

describe('limits', () => {
  it('that are empty are none', () => {
    expect(limitChanges({ ...limitsOf(MODEL), capacity: ' 7 ' })).toEqual({
      requests_per_second: 2.5,
      burst_size: null,
      capacity: 7,
      batch_capacity: null,
      throughput: null,
    })
  })
})

describe('what follows a failure', () => {
  it('is written as it was read', () => {
    expect(retryChanges(retriesOf(MODEL), true)).toEqual({
      fallback_enabled: true,
      fallback_on_rate_limit: false,
      fallback_on_status: [500, 503],
      fallback_with_replacement: false,
      fallback_max_attempts: 3,
      backoff_enabled: true,
      backoff_initial_ms: 50,
      backoff_max_ms: 400,
      backoff_factor: 3,
      backoff_jitter: 'none',
      backoff_max_total_ms: null,
    })
  })

  it('has no fallback of its own where there is one deployment, and no pauses where it does not wait', () => {
    expect(retryChanges({ ...retriesOf(MODEL), backoff_enabled: false }, false)).toEqual({
      backoff_enabled: false,
    })
  })

  it('takes statuses, and nothing else', () => {
    expect(
      [statuses('500, 503'), statuses(''), statuses('500,x'), statuses('99')].map((each) => each === true),
    ).toEqual([true, true, false, false])
  })
})

describe('rules', () => {
  it('are written as they were read; what is allowed has none', () => {
    const rules = rulesOf(MODEL)
    expect(rules.actions).toEqual({ realtime: 'allow', playground: 'allow', batch: 'redirect' })
    expect(ruleChanges(rules)).toEqual({
      traffic_routing_rules: [{ api_key_purpose: 'batch', action: { type: 'redirect', target: 'cheap' } }],
      allowed_batch_completion_windows: null,
    })
  })

  it('tell no batches from batches as usual', () => {
    expect(ruleChanges({ ...rulesOf(MODEL), windows: '' }).allowed_batch_completion_windows).toEqual([])
    const both = { ...MODEL, allowed_batch_completion_windows: ['24h', '1h'] }
    expect(rulesOf(both).windows).toBe('1h,24h')
  })
})

describe('fields', () => {
  it('say which numbers they take', () => {
    const check = between(1, 10, { whole: true })
    expect([check('1'), check('10'), check('')]).toEqual([true, true, true])
    expect([check('0'), check('11'), check('1.5'), check('x')]).toEqual(
      new Array(4).fill('A whole number from 1 to 10.'),
    )
    expect(between(0, Infinity, { open: true })('0')).toBe('A number greater than 0.')
    expect(needed(check)(' ')).toBe('This is needed.')
  })

  it('hold words, each once', () => {
    expect(words(' tools, vision tools,, ')).toEqual(['tools', 'vision'])
  })
})

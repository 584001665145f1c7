/** What the cards of a model's own settings hold, read from a model and written as a change to it. */
import type { ModelChanges } from '../changes'
import type { Model } from '../queries'
import { asText, numberOrNull } from '@/components/number-text'

// -- what it is -------------------------------------------------------------------------------------------------------

export interface Identity {
  alias: string
  display_name: string
  description: string
  model_type: string
  /** With commas between. */
  capabilities: string
  provider: string
  context_window: string
  max_output_tokens: string
  /** With commas between. */
  apis: string
}

export function identityOf(model: Model): Identity {
  const metadata = model.metadata ?? {}
  return {
    alias: model.alias,
    display_name: model.display_name ?? '',
    description: model.description ?? '',
    model_type: model.model_type ?? '',
    capabilities: (model.capabilities ?? []).join(', '),
    provider: typeof metadata.provider === 'string' ? metadata.provider : '',
    context_window: asText(typeof metadata.context_window === 'number' ? metadata.context_window : null),
    max_output_tokens: asText(
      typeof metadata.max_output_tokens === 'number' ? metadata.max_output_tokens : null,
    ),
    apis: Array.isArray(metadata.apis) ? metadata.apis.join(', ') : '',
  }
}

const APIS = [
  'chat',
  'responses',
  'completions',
  'embeddings',
  'rerank',
  'images',
  'image_edits',
  'speech',
  'transcription',
  'audio_translation',
  'moderation',
  'realtime',
] as const satisfies readonly Api[]
type Api = NonNullable<NonNullable<ModelChanges['metadata']>['apis']>[number]

/** APIs with commas between. */
export function apis(text: string): true | string {
  return words(text).every(isApi) || `Of these, with commas between: ${APIS.join(', ')}.`
}

function isApi(word: string): word is Api {
  return APIS.some((api) => api === word)
}

/** Metadata is replaced as a whole, so what is not shown here goes along. */
export function identityChanges(values: Identity, model: Model): ModelChanges {
  const type = values.model_type
  return {
    alias: values.alias.trim(),
    display_name: values.display_name.trim(),
    description: values.description.trim(),
    ...(isModelType(type) ? { model_type: type } : {}),
    capabilities: words(values.capabilities),
    metadata: {
      ...model.metadata,
      provider: values.provider.trim() === '' ? null : values.provider.trim(),
      context_window: numberOrNull(values.context_window),
      max_output_tokens: numberOrNull(values.max_output_tokens),
      apis: values.apis.trim() === '' ? null : words(values.apis).filter(isApi),
    },
  }
}

function isModelType(name: string): name is 'CHAT' | 'EMBEDDINGS' | 'RERANKER' {
  return ['CHAT', 'EMBEDDINGS', 'RERANKER'].includes(name)
}

/** Each once, in the order they were written. */
export function words(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((word) => word !== ''))]
}

// -- how much it may be asked -----------------------------------------------------------------------------------------

const LIMITS = ['requests_per_second', 'burst_size', 'capacity', 'batch_capacity', 'throughput'] as const
export type Limits = Record<(typeof LIMITS)[number], string>

export function limitsOf(model: Model): Limits {
  return Object.fromEntries(LIMITS.map((name) => [name, asText(model[name])])) as Limits
}

export function limitChanges(values: Limits): ModelChanges {
  return Object.fromEntries(LIMITS.map((name) => [name, numberOrNull(values[name])]))
}

// -- what follows a failure -------------------------------------------------------------------------------------------

export interface Retries {
  fallback_enabled: boolean
  fallback_on_rate_limit: boolean
  fallback_on_status: string
  fallback_with_replacement: boolean
  fallback_max_attempts: string
  backoff_enabled: boolean
  backoff_initial_ms: string
  backoff_max_ms: string
  backoff_factor: string
  backoff_jitter: 'full' | 'none'
  backoff_max_total_ms: string
}

/** While there is no backoff the API does not tell its pauses: these are the usual ones. */
const PAUSES = { initial_ms: 100, max_ms: 5000, factor: 2, jitter: 'full' }

export function retriesOf(model: Model): Retries {
  const fallback = model.fallback
  const backoff = fallback?.backoff ?? PAUSES
  return {
    fallback_enabled: fallback?.enabled === true,
    fallback_on_rate_limit: fallback?.on_rate_limit === true,
    fallback_on_status: (fallback?.on_status ?? []).join(', '),
    fallback_with_replacement: fallback?.with_replacement === true,
    fallback_max_attempts: asText(fallback?.max_attempts),
    backoff_enabled: fallback?.backoff != null,
    backoff_initial_ms: asText(backoff.initial_ms),
    backoff_max_ms: asText(backoff.max_ms),
    backoff_factor: asText(backoff.factor),
    backoff_jitter: backoff.jitter === 'none' ? 'none' : 'full',
    backoff_max_total_ms: asText(fallback?.max_total_backoff_ms),
  }
}

export function retryChanges(values: Retries, composite: boolean): ModelChanges {
  return {
    ...(composite
      ? {
          fallback_enabled: values.fallback_enabled,
          fallback_on_rate_limit: values.fallback_on_rate_limit,
          fallback_on_status: words(values.fallback_on_status).map(Number),
          fallback_with_replacement: values.fallback_with_replacement,
          fallback_max_attempts: numberOrNull(values.fallback_max_attempts),
        }
      : {}),
    backoff_enabled: values.backoff_enabled,
    ...(values.backoff_enabled
      ? {
          backoff_initial_ms: Number(values.backoff_initial_ms),
          backoff_max_ms: Number(values.backoff_max_ms),
          backoff_factor: Number(values.backoff_factor),
          backoff_jitter: values.backoff_jitter,
          backoff_max_total_ms: numberOrNull(values.backoff_max_total_ms),
        }
      : {}),
  }
}

/** HTTP statuses with commas between. */
export function statuses(text: string): true | string {
  return (
    words(text).every((word) => /^[1-5]\d\d$/.test(word)) ||
    'HTTP statuses from 100 to 599, with commas between.'
  )
}

// -- what happens to keys of a purpose --------------------------------------------------------------------------------

export const PURPOSES = [
  { value: 'realtime', label: 'API keys' },
  { value: 'playground', label: 'The playground' },
  { value: 'batch', label: 'Batches' },
] as const
export type Purpose = (typeof PURPOSES)[number]['value']
type Action = 'allow' | 'deny' | 'redirect'

export interface Rules {
  actions: Record<Purpose, Action>
  /** Aliases. */
  targets: Record<Purpose, string>
  windows: string
}

const BY_DEFAULT = 'default'
export const WINDOWS = [
  { value: BY_DEFAULT, label: 'As the server is configured' },
  { value: '', label: 'No batches' },
  { value: '24h', label: 'Within 24 hours' },
  { value: '1h', label: 'Within an hour' },
  { value: '1h,24h', label: 'Within an hour or 24' },
] as const

export function rulesOf(model: Model): Rules {
  const rules: Rules = {
    actions: { realtime: 'allow', playground: 'allow', batch: 'allow' },
    targets: { realtime: '', playground: '', batch: '' },
    windows: model.allowed_batch_completion_windows?.toSorted().join(',') ?? BY_DEFAULT,
  }
  for (const { api_key_purpose: purpose, action } of (model.traffic_routing_rules ??
    []) as unknown as Rule[]) {
    rules.actions[purpose] = action.type
    rules.targets[purpose] = action.type === 'redirect' ? action.target : ''
  }
  return rules
}

type Rule = NonNullable<ModelChanges['traffic_routing_rules']>[number]

export function ruleChanges({ actions, targets, windows }: Rules): ModelChanges {
  return {
    traffic_routing_rules: PURPOSES.flatMap(({ value: purpose }): Rule[] => {
      const type = actions[purpose]
      if (type === 'allow') return []
      const action = type === 'deny' ? { type } : { type, target: targets[purpose] }
      return [{ api_key_purpose: purpose, action }]
    }),
    allowed_batch_completion_windows:
      windows === BY_DEFAULT ? null : windows.split(',').filter((window) => window !== ''),
  }
}

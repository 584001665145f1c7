/** What cached tokens cost, and what the provider takes, as their forms hold them. */
import type { Schema } from '@/api/client'
import type { ModelChanges } from '../changes'
import { asText, numberOrNull } from '../configuration/numbers'
import type { Model } from '../queries'
import { perMillion, perToken } from './decimal'

export const MULTIPLIERS = [
  { name: 'read_multiplier', label: 'Read' },
  { name: 'write_multiplier_5m', label: 'Written, for 5 minutes' },
  { name: 'write_multiplier_1h', label: 'Written, for an hour' },
  { name: 'write_multiplier_24h', label: 'Written, for 24 hours' },
] as const
type Multiplier = (typeof MULTIPLIERS)[number]['name']

export type CachePricing = Record<Multiplier | 'min_prefix_tokens', string> & { enabled: boolean }

export function cachePricingOf(model: Model): CachePricing {
  const pricing = model.cache_pricing
  const values = MULTIPLIERS.map(({ name }) => [name, asText(pricing?.[name])])
  return {
    ...(Object.fromEntries(values) as Record<Multiplier, string>),
    enabled: pricing?.enabled === true,
    min_prefix_tokens: asText(pricing?.min_prefix_tokens),
  }
}

export function cacheTerms(values: CachePricing): Schema['CacheTerms'] | null {
  if (!values.enabled) return null
  return {
    ...Object.fromEntries(MULTIPLIERS.map(({ name }) => [name, values[name].trim() || null])),
    min_prefix_tokens: numberOrNull(values.min_prefix_tokens),
  }
}

/** Per million tokens, or per hour. */
export interface ProviderCost {
  mode: 'per_token' | 'hourly'
  input: string
  output: string
  rate: string
  ratio: string
}

export function providerCostOf(model: Model): ProviderCost {
  const pricing = (model.provider_pricing ?? {}) as Partial<Record<string, string>>
  return {
    mode: pricing.mode === 'hourly' ? 'hourly' : 'per_token',
    input: perMillion(pricing.input_price_per_token ?? '') ?? '',
    output: perMillion(pricing.output_price_per_token ?? '') ?? '',
    rate: pricing.rate ?? '',
    ratio: pricing.input_token_cost_ratio ?? '',
  }
}

export function providerCostChanges(values: ProviderCost): ModelChanges {
  if (values.mode === 'hourly') {
    const { mode, rate, ratio } = values
    return { provider_pricing: { mode, rate: rate.trim(), input_token_cost_ratio: ratio.trim() } }
  }
  return {
    provider_pricing: {
      mode: values.mode,
      input_price_per_token: perToken(values.input) ?? null,
      output_price_per_token: perToken(values.output) ?? null,
    },
  }
}

/** A tariff as its form holds it: prices of a million tokens. */
import type { Schema } from '@/api/client'
import type { Tariff } from '../queries'
import { perMillion, perToken } from './decimal'

export type NewTariff = Schema['NewTariff']

/** Prices that a tariff may have beside those of the input and the output, for tokens; each is `like` one of these where it is left out. */
export const KINDS = [
  { name: 'cached_input_price_per_token', label: 'Input from the cache', like: 'input' },
  { name: 'cache_write_price_per_token', label: 'Input written to the cache', like: 'input' },
  { name: 'cache_write_1h_price_per_token', label: 'Written for an hour', like: 'input' },
  { name: 'audio_input_price_per_token', label: 'Audio input', like: 'input' },
  { name: 'image_input_price_per_token', label: 'Image input', like: 'input' },
  { name: 'reasoning_price_per_token', label: 'Reasoning', like: 'output' },
  { name: 'audio_output_price_per_token', label: 'Audio output', like: 'output' },
  { name: 'image_output_price_per_token', label: 'Image output', like: 'output' },
] as const
export type Kind = (typeof KINDS)[number]['name']

export const PURPOSES = [
  { value: 'realtime', label: 'API keys' },
  { value: 'playground', label: 'The playground' },
  { value: 'batch', label: 'Batches' },
  { value: 'shown', label: 'Shown only, never charged' },
] as const
type Purpose = (typeof PURPOSES)[number]['value']

export const ANY_WINDOW = 'any'
export const WINDOWS = [
  { value: ANY_WINDOW, label: 'Any' },
  { value: '24h', label: '24 hours' },
  { value: '1h', label: 'An hour' },
] as const

export type TariffValues = Record<Kind | 'input' | 'output', string> & {
  name: string
  purpose: Purpose
  window: string
  price_per_request: string
}

type Priced = Pick<Tariff, 'input_price_per_token' | 'output_price_per_token'> &
  Partial<Record<Kind | 'price_per_request', string | null>>

export function purposeOf(tariff: Pick<Tariff, 'api_key_purpose'>): Purpose {
  return PURPOSES.find(({ value }) => value === tariff.api_key_purpose)?.value ?? 'shown'
}

/** Of a tariff that is there, of what the catalogue knows, or of nothing. */
export function valuesOf(tariff: Tariff | undefined, prices: Priced | undefined = tariff): TariffValues {
  const shown = (price: string | null | undefined) => (price == null ? '' : (perMillion(price) ?? ''))
  const kinds = KINDS.map(({ name }) => [name, shown(prices?.[name])])
  return {
    ...(Object.fromEntries(kinds) as Record<Kind, string>),
    name: tariff?.name ?? (prices === undefined ? 'Standard' : 'Catalogue'),
    purpose: tariff === undefined ? 'realtime' : purposeOf(tariff),
    window: tariff?.completion_window ?? ANY_WINDOW,
    input: shown(prices?.input_price_per_token),
    output: shown(prices?.output_price_per_token),
    price_per_request: prices?.price_per_request ?? '',
  }
}

/** Every price of a kind is said, so that one that was emptied is taken away. */
export function tariffFrom(values: TariffValues): NewTariff {
  const kinds = KINDS.map(({ name }) => [name, perToken(values[name]) ?? null])
  return {
    ...(Object.fromEntries(kinds) as Record<Kind, string | null>),
    name: values.name.trim(),
    input_price_per_token: perToken(values.input) ?? '0',
    output_price_per_token: perToken(values.output) ?? '0',
    price_per_request: values.price_per_request.trim() || null,
    api_key_purpose: values.purpose === 'shown' ? null : values.purpose,
    completion_window: values.purpose === 'batch' && values.window !== ANY_WINDOW ? values.window : null,
  }
}

function same(tariff: Tariff): NewTariff {
  const { name, input_price_per_token, output_price_per_token, api_key_purpose, completion_window } = tariff
  const kinds = [...KINDS.map((kind) => kind.name), 'price_per_request' as const].map((kind) => [
    kind,
    tariff[kind] ?? null,
  ])
  return {
    ...(Object.fromEntries(kinds) as Partial<NewTariff>),
    name,
    input_price_per_token,
    output_price_per_token,
    api_key_purpose: api_key_purpose as NewTariff['api_key_purpose'] & string,
    completion_window: completion_window ?? null,
  }
}

/** All that shall be in force: `edited` in place of `replaced`, or beside the others; without it, the others. */
export function inForce(
  all: readonly Tariff[],
  edited: NewTariff | undefined,
  replaced: Pick<Tariff, 'id'> | undefined,
): NewTariff[] {
  const kept = all.filter((each) => each.id !== replaced?.id).map(same)
  return edited === undefined ? kept : [...kept, edited]
}

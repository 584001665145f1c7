/** What an answer says of its tokens, and what they cost at the price list that the playground is charged by. */
import { isRecord, numberIn, recordIn } from './json'
import type { Model } from '@/pages/models/queries'

export interface Usage {
  input: number
  output: number
  cachedInput: number
  audioInput: number
  imageInput: number
  reasoning: number
  audioOutput: number
  imageOutput: number
}

type Tariff = NonNullable<Model['tariffs']>[number]

/** Prices have twelve places behind the point, multiples of cached input as many again. */
const PLACES = 24

/** From the `usage` of a chat, an embedding or a reranking, in the words that OpenAI has for it. */
export function usageOf(answer: unknown): Usage | undefined {
  if (!isRecord(answer)) return undefined
  const input = numberIn(answer, 'prompt_tokens') ?? numberIn(answer, 'input_tokens')
  const output = numberIn(answer, 'completion_tokens') ?? numberIn(answer, 'output_tokens')
  const total = numberIn(answer, 'total_tokens')
  if (input === undefined && output === undefined && total === undefined) return undefined
  const given = recordIn(answer, 'prompt_tokens_details') ?? recordIn(answer, 'input_tokens_details') ?? {}
  const said =
    recordIn(answer, 'completion_tokens_details') ?? recordIn(answer, 'output_tokens_details') ?? {}
  return {
    input: input ?? Math.max((total ?? 0) - (output ?? 0), 0),
    output: output ?? 0,
    cachedInput: numberIn(given, 'cached_tokens') ?? 0,
    audioInput: numberIn(given, 'audio_tokens') ?? 0,
    imageInput: numberIn(given, 'image_tokens') ?? 0,
    reasoning: numberIn(said, 'reasoning_tokens') ?? 0,
    audioOutput: numberIn(said, 'audio_tokens') ?? 0,
    imageOutput: numberIn(said, 'image_tokens') ?? 0,
  }
}

/** Tokens a second of the time in which the answer came; none where it came at once. */
export function speed(usage: Usage, firstMs: number, totalMs: number): number | undefined {
  const seconds = (totalMs - firstMs) / 1000
  return seconds > 0.02 && usage.output > 1 ? (usage.output - 1) / seconds : undefined
}

/** The cost of an answered request, exactly: a decimal. `0` where the model has no price. */
export function costOf(model: Model, usage: Usage): string {
  const tariff = playgroundTariff(model)
  if (tariff === undefined) return '0'
  const input = scaled(tariff.input_price_per_token)
  const output = scaled(tariff.output_price_per_token)
  const cache = model.cache_pricing
  const cached = optional(tariff.cached_input_price_per_token) ?? multiplied(input, cache?.read_multiplier)
  const read = part(usage.cachedInput, usage.input)
  const heard = part(usage.audioInput, usage.input - read)
  const seen = part(usage.imageInput, usage.input - read - heard)
  const thought = part(usage.reasoning, usage.output)
  const spoken = part(usage.audioOutput, usage.output - thought)
  const drawn = part(usage.imageOutput, usage.output - thought - spoken)
  const charged: readonly [bigint, number][] = [
    [input, usage.input - read - heard - seen],
    [cached, read],
    [optional(tariff.audio_input_price_per_token) ?? input, heard],
    [optional(tariff.image_input_price_per_token) ?? input, seen],
    [output, usage.output - thought - spoken - drawn],
    [optional(tariff.reasoning_price_per_token) ?? output, thought],
    [optional(tariff.audio_output_price_per_token) ?? output, spoken],
    [optional(tariff.image_output_price_per_token) ?? output, drawn],
    [optional(tariff.price_per_request) ?? 0n, 1],
  ]
  return decimal(charged.reduce((sum, [price, amount]) => sum + price * BigInt(amount), 0n))
}

/** The one for the playground; without it, what programs pay. */
function playgroundTariff(model: Model): Tariff | undefined {
  const tariffs = model.tariffs ?? []
  return (
    tariffs.find(({ api_key_purpose }) => api_key_purpose === 'playground') ??
    tariffs.find(({ api_key_purpose }) => api_key_purpose === 'realtime')
  )
}

function part(amount: number, whole: number): number {
  return Math.min(amount, whole)
}

function optional(price: string | null | undefined): bigint | undefined {
  return price == null ? undefined : scaled(price)
}

function multiplied(price: bigint, multiple: string | null | undefined): bigint {
  return multiple == null ? price : (price * scaled(multiple)) / 10n ** BigInt(PLACES)
}

function scaled(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, '0'))
}

function decimal(value: bigint): string {
  const digits = value.toString().padStart(PLACES + 1, '0')
  const fraction = digits.slice(-PLACES).replace(/0+$/, '')
  return digits.slice(0, -PLACES) + (fraction === '' ? '' : `.${fraction}`)
}

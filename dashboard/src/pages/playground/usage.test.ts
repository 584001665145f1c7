import { describe, expect, it } from 'vitest'
import type { Model } from '@/pages/models/queries'
import { costOf, speed, usageOf } from './usage'

const NONE = {
  input: 0,
  output: 0,
  cachedInput: 0,
  audioInput: 0,
  imageInput: 0,
  reasoning: 0,
  audioOutput: 0,
  imageOutput: 0,
}

function model(tariffs: object[], cache?: object): Model {
  return { tariffs, cache_pricing: cache } as unknown as Model
}

const standard = {
  api_key_purpose: 'realtime',
  input_price_per_token: '0.0000025',
  output_price_per_token: '0.00001',
  cached_input_price_per_token: '0.00000125',
  audio_input_price_per_token: '0.00004',
  price_per_request: '0.001',
}

describe('cost', () => {
  it('is that of the example in docs/prices.md', () => {
    const usage = { ...NONE, input: 1000, output: 100, cachedInput: 400, audioInput: 200 }
    expect(costOf(model([standard]), usage)).toBe('0.0115')
  })

  it('goes by the playground’s own price list, where there is one', () => {
    const own = { api_key_purpose: 'playground', input_price_per_token: '1', output_price_per_token: '2' }
    expect(costOf(model([standard, own]), { ...NONE, input: 3, output: 2 })).toBe('7')
    expect(costOf(model([]), { ...NONE, input: 3 })).toBe('0')
  })

  it('takes a multiple for what a cache gave, where no price is set', () => {
    const tariff = { ...standard, cached_input_price_per_token: null, price_per_request: null }
    const usage = { ...NONE, input: 10, cachedInput: 10 }
    expect(costOf(model([tariff], { read_multiplier: '0.1' }), usage)).toBe('0.0000025')
    expect(costOf(model([tariff]), usage)).toBe('0.000025')
  })

  it('never counts a part above its whole', () => {
    const tariff = { ...standard, reasoning_price_per_token: '0.00002', price_per_request: null }
    expect(costOf(model([tariff]), { ...NONE, output: 2, reasoning: 9 })).toBe('0.00004')
  })
})

describe('usage', () => {
  it('is read in the words of chats, responses and embeddings', () => {
    expect(
      usageOf({
        prompt_tokens: 9,
        completion_tokens: 4,
        prompt_tokens_details: { cached_tokens: 5 },
        completion_tokens_details: { reasoning_tokens: 2 },
      }),
    ).toEqual({ ...NONE, input: 9, output: 4, cachedInput: 5, reasoning: 2 })
    expect(usageOf({ total_tokens: 7 })).toEqual({ ...NONE, input: 7 })
    expect(usageOf({})).toBeUndefined()
    expect(usageOf(null)).toBeUndefined()
  })
})

it('has a speed only where there was time to be fast in', () => {
  expect(speed({ ...NONE, output: 11 }, 500, 1500)).toBe(10)
  expect(speed({ ...NONE, output: 11 }, 500, 505)).toBeUndefined()
})

import { describe, expect, it } from 'vitest'
import type { Tariff } from '../queries'
import { inForce, tariffFrom, valuesOf } from './tariff'

const TARIFF: Tariff = {
  id: 'one',
  deployed_model_id: 'm',
  name: 'Standard',
  input_price_per_token: '0.0000025',
  output_price_per_token: '0.00001',
  cached_input_price_per_token: '0.00000125',
  price_per_request: '0.005',
  api_key_purpose: 'realtime',
  valid_from: '2026-01-01T00:00:00Z',
  valid_until: null,
  is_active: true,
}

describe('a tariff', () => {
  it('is edited by the million, and comes back as it was', () => {
    const values = valuesOf(TARIFF)
    expect(values).toMatchObject({ input: '2.5', output: '10', cached_input_price_per_token: '1.25' })
    expect(tariffFrom(values)).toMatchObject({
      input_price_per_token: '0.0000025',
      output_price_per_token: '0.00001',
      cached_input_price_per_token: '0.00000125',
      audio_input_price_per_token: null,
      price_per_request: '0.005',
      api_key_purpose: 'realtime',
      completion_window: null,
    })
  })

  it('has a window for batches only, and no purpose where it is shown only', () => {
    const batch = { ...valuesOf(TARIFF), purpose: 'batch' as const, window: '24h' }
    expect(tariffFrom(batch)).toMatchObject({ api_key_purpose: 'batch', completion_window: '24h' })
    expect(tariffFrom({ ...batch, purpose: 'shown' })).toMatchObject({
      api_key_purpose: null,
      completion_window: null,
    })
  })

  it('takes the place of another, or stands beside the others', () => {
    const other = { ...TARIFF, id: 'two', name: 'Batch', api_key_purpose: 'batch' }
    const edited = tariffFrom({ ...valuesOf(TARIFF), name: 'New' })
    expect(inForce([TARIFF, other], edited, TARIFF).map((each) => each.name)).toEqual(['Batch', 'New'])
    expect(inForce([TARIFF, other], edited, undefined)).toHaveLength(3)
    expect(inForce([TARIFF, other], undefined, other).map((each) => each.name)).toEqual(['Standard'])
    expect(inForce([TARIFF], undefined, undefined)[0]).toMatchObject({
      cached_input_price_per_token: '0.00000125',
    })
  })
})

import { describe, expect, it } from 'vitest'
import {
  asChanges,
  asConnection,
  connectionOf,
  connectionTo,
  isAnotherOrigin,
  providerUrl,
} from './connection'
import { CUSTOM } from './presets'
import type { Endpoint } from './queries'

const ENDPOINT: Endpoint = {
  id: 'e1',
  name: 'Acme',
  description: null,
  url: 'https://acme.test/v1',
  model_filter: null,
  requires_api_key: true,
  auth_header_name: 'Authorization',
  auth_header_prefix: 'Bearer ',
  verify_tls: true,
  dialect: 'openai',
  options: { quirks: ['no_stream_options'] },
  created_by: 'u1',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  models: { active: 1, inactive: 0, watched: 0, failing: 0, resting: 0 },
}

describe('a new connection', () => {
  it('leaves to the dialect what nobody has said', () => {
    const values = { ...connectionTo(CUSTOM, 'Acme'), url: ' https://acme.test/v1 ', api_key: ' k ' }
    expect(asConnection(values)).toEqual({ url: 'https://acme.test/v1', api_key: 'k' })
  })

  it('says what is unusual', () => {
    const values = {
      ...connectionTo(CUSTOM, 'Acme'),
      url: 'https://acme.test',
      dialect: 'azure' as const,
      auth_header_prefix: '',
      verify_tls: false,
      api_version: '2024-10-21',
      deployment_paths: true,
    }
    expect(asConnection(values)).toEqual({
      url: 'https://acme.test',
      dialect: 'azure',
      auth_header_prefix: '',
      verify_tls: false,
      options: { api_version: '2024-10-21', deployment_paths: true },
    })
  })
})

describe('changes of an endpoint', () => {
  it('are only what was changed', () => {
    const values = connectionOf(ENDPOINT)
    expect(asChanges(ENDPOINT, values)).toEqual({})
    expect(asChanges(ENDPOINT, { ...values, name: ' New ', api_key: 'k' })).toEqual({
      name: 'New',
      api_key: 'k',
    })
  })

  it('take options and an authority away', () => {
    const endpoint = { ...ENDPOINT, ca_bundle: 'PEM' }
    const values = { ...connectionOf(endpoint), no_stream_options: false, ca_bundle: ' ' }
    expect(asChanges(endpoint, values)).toEqual({ options: {}, ca_bundle: null })
  })
})

it('knows addresses', () => {
  expect(providerUrl('https://acme.test/v1')).toBe(true)
  expect(providerUrl('acme.test/v1')).not.toBe(true)
  expect(providerUrl('https://<resource>.openai.azure.com')).toBe('Put your own in place of <resource>.')
  expect(isAnotherOrigin(ENDPOINT.url, 'https://acme.test/v2')).toBe(false)
  expect(isAnotherOrigin(ENDPOINT.url, 'https://acme.test:8443/v1')).toBe(true)
  expect(isAnotherOrigin(ENDPOINT.url, 'https://')).toBe(false)
})

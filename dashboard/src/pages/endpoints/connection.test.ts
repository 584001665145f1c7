import { describe, expect, it } from 'vitest'
import {
  asChanges,
  asConnection,
  connectionOf,
  connectionTo,
  isAnotherOrigin,
  providerUrl,
  spokenBy,
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
  synced_at: null,
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
    const values = { ...connectionOf(endpoint), quirks: [], ca_bundle: ' ' }
    expect(asChanges(endpoint, values)).toEqual({ options: {}, ca_bundle: null })
  })

  it('replace the options as a whole, and only where one was changed', () => {
    const options = { native_apis: ['messages'], quirks: ['no_stream_options', 'max_tokens_only'] }
    const endpoint = { ...ENDPOINT, options }
    const values = connectionOf(endpoint)
    expect(asChanges(endpoint, { ...values, quirks: ['max_tokens_only', 'no_stream_options'] })).toEqual({})
    expect(asChanges(endpoint, { ...values, quirks: ['max_tokens_only'] })).toEqual({
      options: { native_apis: ['messages'], quirks: ['max_tokens_only'] },
    })
    expect(asChanges(endpoint, { ...values, dialect: 'anthropic' })).toEqual({
      dialect: 'anthropic',
      options: {},
    })
  })
})

describe('clouds', () => {
  const bedrock = { ...connectionTo(CUSTOM, 'B'), url: 'https://bedrock-runtime.eu-central-1.amazonaws.com/' }

  it('are known by their addresses until a dialect is said', () => {
    const spoken = (url: string) => spokenBy({ dialect: 'auto', url })
    expect(spoken(bedrock.url)).toBe('bedrock')
    expect(spoken('https://bedrock-runtime.<region>.amazonaws.com/')).toBe('bedrock')
    expect(spoken('https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1')).toBe('openai')
    expect(spoken('https://europe-west4-aiplatform.googleapis.com')).toBe('vertex')
    expect(spoken('https://acme.openai.azure.com')).toBe('azure')
    expect(spokenBy({ dialect: 'vertex', url: 'https://proxy.test' })).toBe('vertex')
  })

  it('take their credentials and places', () => {
    const keys = { access_key_id: ' AKIA1 ', secret_access_key: 's', session_token: '' }
    expect(asConnection({ ...bedrock, ...keys, region: 'eu-west-3', project: 'none of Amazon’s' })).toEqual({
      url: bedrock.url,
      api_key: 'AKIA1:s',
      options: { region: 'eu-west-3' },
    })
    expect(asConnection({ ...bedrock, ...keys, session_token: 't' }).api_key).toBe('AKIA1:s:t')
    expect(asConnection({ ...bedrock, ...keys, credential: 'key', api_key: 'ABSK' }).api_key).toBe('ABSK')
    const azure = {
      ...connectionTo(CUSTOM, 'A'),
      url: 'https://acme.openai.azure.com',
      credential: 'entra' as const,
      tenant_id: 't',
      client_id: 'c',
      client_secret: 's',
    }
    expect(JSON.parse(asConnection(azure).api_key ?? '')).toEqual({
      tenant_id: 't',
      client_id: 'c',
      client_secret: 's',
    })
    expect(asConnection({ ...azure, tenant_id: '', client_id: '', client_secret: '' })).toEqual({
      url: azure.url,
    })
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

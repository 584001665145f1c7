import { describe, expect, it } from 'vitest'
import { providerAt, providersOf } from './presets'
import type { Preset } from './queries'

function preset(key: string, url: string): Preset {
  return {
    key,
    name: key,
    url,
    dialect: 'openai',
    auth_header_name: 'Authorization',
    auth_header_prefix: 'Bearer ',
    requires_api_key: true,
    hint: '',
    docs_url: 'https://docs.test',
  }
}

describe('a provider', () => {
  const providers = providersOf([
    preset('openai', 'https://api.openai.com/v1'),
    preset('azure-openai', 'https://<resource>.openai.azure.com/openai/v1'),
    preset('vllm', 'http://localhost:8000/v1'),
  ])
  const keyAt = (url: string) => providerAt(url, providers)?.key

  it('is known by its host, and a local one by its port', () => {
    expect(keyAt('https://api.openai.com/v1/')).toBe('openai')
    expect(keyAt('https://ours.openai.azure.com/openai/v1')).toBe('azure-openai')
    expect(keyAt('http://10.0.0.7:8000/v1')).toBe('vllm')
    expect(keyAt('http://127.0.0.1:4010/v1')).toBe('simulated')
  })

  it('is unknown elsewhere', () => {
    expect(keyAt('https://models.example.org/v1')).toBeUndefined()
    expect(keyAt('nonsense')).toBeUndefined()
  })
})

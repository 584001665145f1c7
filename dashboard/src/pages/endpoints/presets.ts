/** The providers that one can choose from, and which of them an endpoint belongs to. */
import type { Preset } from './queries'

export interface Provider {
  key: string
  name: string
  url: string
  dialect: string
  /** Whether it refuses those without a key; a local one may be asked without. */
  needsKey: boolean
  hint: string
  docsUrl: string | undefined
  /** A command that starts it, where that is all it takes. */
  command?: string
}

export const CUSTOM: Provider = {
  key: 'custom',
  name: 'Custom',
  url: '',
  dialect: 'openai',
  needsKey: false,
  hint: 'Anything that speaks the API of OpenAI, Anthropic or Azure OpenAI. The URL usually ends in /v1.',
  docsUrl: undefined,
}

/** It is a program of ours, `control-layer simulate`; this is the port that it takes. */
export const SIMULATED: Provider = {
  key: 'simulated',
  name: 'Simulated provider',
  url: 'http://localhost:4010/v1',
  dialect: 'openai',
  needsKey: false,
  hint: 'Answers at once and costs nothing, to try everything without a contract. Start it where the gateway runs:',
  docsUrl: undefined,
  command: 'control-layer simulate',
}

const AZURE_PLACE = /^[^/]+\.(openai|services\.ai|cognitiveservices)\.azure\.(com|us|cn)$/

/** The presets as the server has them, then ours. */
export function providersOf(presets: readonly Preset[]): Provider[] {
  const known = presets.map((preset) => ({
    key: preset.key,
    name: preset.name,
    url: preset.url,
    dialect: preset.dialect,
    needsKey: preset.requires_api_key,
    hint: preset.hint,
    docsUrl: preset.docs_url,
  }))
  return [...known, SIMULATED, CUSTOM]
}

/** Whose address this is, as far as it is known for one: by its host, and by its port on one's own machines. */
export function providerAt(url: string, providers: readonly Provider[]): Provider | undefined {
  const host = hostOf(url)
  if (host === undefined) return undefined
  if (AZURE_PLACE.test(host)) return providers.find((provider) => provider.key.startsWith('azure'))
  const local = new URL(url).port
  return providers.find((provider) => {
    const own = hostOf(provider.url)
    if (own === undefined) return false
    return own === 'localhost' ? local !== '' && local === new URL(provider.url).port : own === host
  })
}

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).hostname
  } catch {
    return undefined
  }
}

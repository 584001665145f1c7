/** What the form of a connection says, as the API wants it. */
import type { UseFormReturn } from 'react-hook-form'
import { credentialText, NO_CREDENTIAL, type CredentialValues } from './credential'
import { asOptions, NO_OPTIONS, optionValuesOf, type OptionValues, type Options } from './dialect-options'
import type { Endpoint, EndpointChanges } from './queries'
import type { Provider } from './presets'

/** What the gateway can send requests to. `auto`: what the address is known for. */
export const DIALECTS = [
  { value: 'auto', label: 'As the address tells' },
  { value: 'openai', label: 'OpenAI, or compatible' },
  { value: 'anthropic', label: 'Anthropic' },
  { value: 'azure', label: 'Azure OpenAI' },
  { value: 'gemini', label: 'Google Gemini' },
  { value: 'vertex', label: 'Google Vertex AI' },
  { value: 'bedrock', label: 'Amazon Bedrock' },
  { value: 'ollama', label: 'Ollama' },
  { value: 'cohere', label: 'Cohere' },
] as const
type Dialect = (typeof DIALECTS)[number]['value']

export const DIALECT_NAMES: Record<string, string> = {
  ...Object.fromEntries(DIALECTS.map(({ value, label }) => [value, label])),
  openai: 'OpenAI',
}

export type ConnectionForm = UseFormReturn<ConnectionValues>

export interface ConnectionValues extends CredentialValues, OptionValues {
  name: string
  description: string
  url: string
  dialect: Dialect
  /** Empty: the dialect's. */
  auth_header_name: string
  /** `undefined`: the dialect's. A space at its end counts. */
  auth_header_prefix: string | undefined
  verify_tls: boolean
  ca_bundle: string
}

export function connectionTo(provider: Provider, name: string): ConnectionValues {
  return {
    name,
    description: '',
    url: provider.url,
    dialect: 'auto',
    auth_header_name: '',
    auth_header_prefix: undefined,
    verify_tls: true,
    ca_bundle: '',
    ...NO_CREDENTIAL,
    ...NO_OPTIONS,
  }
}

export function connectionOf(endpoint: Endpoint): ConnectionValues {
  return {
    name: endpoint.name,
    description: endpoint.description ?? '',
    url: endpoint.url,
    dialect: DIALECTS.find(({ value }) => value === endpoint.dialect)?.value ?? 'auto',
    auth_header_name: endpoint.auth_header_name,
    auth_header_prefix: endpoint.auth_header_prefix,
    verify_tls: endpoint.verify_tls,
    ca_bundle: endpoint.ca_bundle ?? '',
    ...NO_CREDENTIAL,
    ...optionValuesOf(endpoint.options ?? {}),
  }
}

/** The addresses by which fields are shown before anything is sent; the server knows more. */
const KNOWN_AT: readonly [RegExp, string][] = [
  [/^https?:\/\/([^/]+\.)?bedrock-runtime[^/]*\.(amazonaws\.com|api\.aws)(?!.*\/openai(\/|$))/i, 'bedrock'],
  [/^https?:\/\/[^/]*aiplatform(\.[a-z]+\.rep)?\.googleapis\.com(?!.*\/endpoints\/openapi)/i, 'vertex'],
  [/^https?:\/\/[^/]+\.services\.ai\.azure\.com\/anthropic/i, 'anthropic'],
  [/^https?:\/\/[^/]+\.(openai|services\.ai|cognitiveservices)\.azure\.(com|us|cn)/i, 'azure'],
  [/^https?:\/\/generativelanguage\.googleapis\.com(?!.*\/openai)/i, 'gemini'],
  [/^https?:\/\/api\.anthropic\.com/i, 'anthropic'],
  [/^https?:\/\/api\.cohere\.(com|ai)(?!.*\/compatibility)/i, 'cohere'],
  [/^https?:\/\/[^/]+:11434\/?(api\/?)?$/i, 'ollama'],
]

/** The dialect that is meant: the one that was said, else the one that the address is known for. */
export function spokenBy({ dialect, url }: Pick<ConnectionValues, 'dialect' | 'url'>): string {
  if (dialect !== 'auto') return dialect
  return KNOWN_AT.find(([address]) => address.test(url.trim()))?.[1] ?? 'openai'
}

/** How the provider is reached. Unset fields are left out, so that the dialect decides. */
export function asConnection(values: ConnectionValues) {
  const key = credentialText(spokenBy(values), values)
  const bundle = values.ca_bundle.trim()
  const options = asOptions(spokenBy(values), values)
  return {
    url: values.url.trim(),
    ...(key === '' ? {} : { api_key: key }),
    ...(values.dialect === 'auto' ? {} : { dialect: values.dialect }),
    ...(values.auth_header_name.trim() === '' ? {} : { auth_header_name: values.auth_header_name.trim() }),
    ...(values.auth_header_prefix === undefined ? {} : { auth_header_prefix: values.auth_header_prefix }),
    ...(values.verify_tls ? {} : { verify_tls: false }),
    ...(bundle === '' ? {} : { ca_bundle: bundle }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  }
}

/** Only what was changed, but for the models. */
export function asChanges(endpoint: Endpoint, values: ConnectionValues): EndpointChanges {
  const before = connectionOf(endpoint)
  const changed = (name: keyof ConnectionValues) => values[name] !== before[name]
  const changes: EndpointChanges = {}
  const key = credentialText(spokenBy(values), values)
  if (changed('name')) changes.name = values.name.trim()
  if (changed('description')) changes.description = values.description.trim()
  if (changed('url')) changes.url = values.url.trim()
  if (key !== '') changes.api_key = key
  if (changed('dialect') && values.dialect !== 'auto') changes.dialect = values.dialect
  if (changed('auth_header_name')) changes.auth_header_name = values.auth_header_name.trim()
  if (changed('auth_header_prefix')) changes.auth_header_prefix = values.auth_header_prefix ?? ''
  if (changed('verify_tls')) changes.verify_tls = values.verify_tls
  if (changed('ca_bundle')) changes.ca_bundle = values.ca_bundle.trim() === '' ? null : values.ca_bundle
  const options = asOptions(spokenBy(values), values)
  if (!sameOptions(options, asOptions(spokenBy(before), before))) changes.options = options
  return changes
}

function sameOptions(some: Options, others: Options): boolean {
  const sorted = (options: Options) =>
    JSON.stringify(
      Object.entries(options)
        .map(([name, value]) => [name, Array.isArray(value) ? [...value].sort() : value] as const)
        .sort(([one], [other]) => one.localeCompare(other)),
    )
  return sorted(some) === sorted(others)
}

/** An address that a provider can have, or what is wrong with it. The server knows more. */
export function providerUrl(text: string): true | string {
  const placeholder = /<[^>]*>/.exec(text)
  if (placeholder !== null) return `Put your own in place of ${placeholder[0]}.`
  if (!/^https?:\/\//i.test(text.trim())) return 'An address that begins with https:// or http://.'
  return URL.canParse(text.trim()) || 'This is no address.'
}

/** A stored credential is not sent to another origin. */
export function isAnotherOrigin(before: string, url: string): boolean {
  return URL.canParse(url.trim()) && new URL(before).origin !== new URL(url.trim()).origin
}

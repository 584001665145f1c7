/** What the form of a connection says, as the API wants it. */
import type { Endpoint, EndpointChanges, NewEndpoint } from './queries'
import type { Provider } from './presets'

/** What the gateway can send requests to. `auto`: what the address is known for. */
export const DIALECTS = [
  { value: 'auto', label: 'As the address tells' },
  { value: 'openai', label: 'OpenAI, or compatible' },
  { value: 'anthropic', label: 'Anthropic' },
  { value: 'azure', label: 'Azure OpenAI' },
] as const
type Dialect = (typeof DIALECTS)[number]['value']

export const DIALECT_NAMES: Record<string, string> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  azure: 'Azure OpenAI',
}

export interface ConnectionValues {
  name: string
  description: string
  url: string
  api_key: string
  dialect: Dialect
  /** Empty: the dialect's. */
  auth_header_name: string
  /** `undefined`: the dialect's. A space at its end counts. */
  auth_header_prefix: string | undefined
  verify_tls: boolean
  ca_bundle: string
  api_version: string
  deployment_paths: boolean
  no_stream_options: boolean
}

export function connectionTo(provider: Provider, name: string): ConnectionValues {
  return {
    name,
    description: '',
    url: provider.url,
    api_key: '',
    dialect: 'auto',
    auth_header_name: '',
    auth_header_prefix: undefined,
    verify_tls: true,
    ca_bundle: '',
    api_version: '',
    deployment_paths: false,
    no_stream_options: false,
  }
}

export function connectionOf(endpoint: Endpoint): ConnectionValues {
  const options = endpoint.options ?? {}
  const quirks = Array.isArray(options.quirks) ? options.quirks : []
  return {
    name: endpoint.name,
    description: endpoint.description ?? '',
    url: endpoint.url,
    api_key: '',
    dialect: DIALECTS.find(({ value }) => value === endpoint.dialect)?.value ?? 'auto',
    auth_header_name: endpoint.auth_header_name,
    auth_header_prefix: endpoint.auth_header_prefix,
    verify_tls: endpoint.verify_tls,
    ca_bundle: endpoint.ca_bundle ?? '',
    api_version: typeof options.api_version === 'string' ? options.api_version : '',
    deployment_paths: options.deployment_paths === true,
    no_stream_options: quirks.includes('no_stream_options'),
  }
}

/** How the provider is reached. Unset fields are left out, so that the dialect decides. */
export function asConnection(values: ConnectionValues) {
  const key = values.api_key.trim()
  const bundle = values.ca_bundle.trim()
  const options = asOptions(values)
  return {
    url: values.url.trim(),
    ...(key === '' ? {} : { api_key: key }),
    ...(values.dialect === 'auto' ? {} : { dialect: values.dialect }),
    ...(values.auth_header_name.trim() === '' ? {} : { auth_header_name: values.auth_header_name.trim() }),
    ...(values.auth_header_prefix === undefined ? {} : { auth_header_prefix: values.auth_header_prefix }),
    ...(values.verify_tls ? {} : { verify_tls: false }),
    ...(bundle === '' ? {} : { ca_bundle: bundle }),
    ...(options === undefined ? {} : { options }),
  }
}

/** Only what was changed, but for the models. */
export function asChanges(endpoint: Endpoint, values: ConnectionValues): EndpointChanges {
  const before = connectionOf(endpoint)
  const changed = (name: keyof ConnectionValues) => values[name] !== before[name]
  const changes: EndpointChanges = {}
  if (changed('name')) changes.name = values.name.trim()
  if (changed('description')) changes.description = values.description.trim()
  if (changed('url')) changes.url = values.url.trim()
  if (values.api_key.trim() !== '') changes.api_key = values.api_key.trim()
  if (changed('dialect') && values.dialect !== 'auto') changes.dialect = values.dialect
  if (changed('auth_header_name')) changes.auth_header_name = values.auth_header_name.trim()
  if (changed('auth_header_prefix')) changes.auth_header_prefix = values.auth_header_prefix ?? ''
  if (changed('verify_tls')) changes.verify_tls = values.verify_tls
  if (changed('ca_bundle')) changes.ca_bundle = values.ca_bundle.trim() === '' ? null : values.ca_bundle
  if (changed('api_version') || changed('deployment_paths') || changed('no_stream_options')) {
    changes.options = asOptions(values) ?? {}
  }
  return changes
}

function asOptions(values: ConnectionValues): NonNullable<NewEndpoint['options']> | undefined {
  const version = values.api_version.trim()
  const options: NonNullable<NewEndpoint['options']> = {
    ...(version === '' ? {} : { api_version: version }),
    ...(values.deployment_paths ? { deployment_paths: true } : {}),
    ...(values.no_stream_options ? { quirks: ['no_stream_options'] } : {}),
  }
  return Object.keys(options).length === 0 ? undefined : options
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

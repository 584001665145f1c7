/** What a dialect needs said beyond its name: which options mean something to it, and their values in the form. */
import type { NewEndpoint } from './queries'

export type Options = NonNullable<NewEndpoint['options']>
export type Quirk = NonNullable<Options['quirks']>[number]
export type Api = NonNullable<Options['native_apis']>[number]

export interface OptionValues {
  region: string
  project: string
  location: string
  api_version: string
  deployment_paths: boolean
  quirks: readonly Quirk[]
  native_apis: readonly Api[]
  unsupported_parameters: 'refuse' | 'drop'
}

export const APIS: readonly { value: Api; label: string }[] = [
  { value: 'chat_completions', label: 'Chat completions' },
  { value: 'responses', label: 'Responses' },
  { value: 'messages', label: 'Anthropic’s Messages' },
]

export const QUIRKS: readonly { value: Quirk; label: string }[] = [
  { value: 'no_stream_options', label: 'Refuses stream_options; its streams then say nothing of tokens' },
  { value: 'max_tokens_only', label: 'Knows max_tokens only, not max_completion_tokens' },
  { value: 'no_developer_role', label: 'Knows no developer role: it is said as the system’s' },
  { value: 'no_parallel_tool_calls', label: 'Refuses parallel_tool_calls' },
  { value: 'text_as_string', label: 'Takes texts as one string only, not in parts' },
  { value: 'known_fields_only', label: 'Refuses fields it does not know, such as prompt_cache_key' },
  { value: 'takes_top_k', label: 'Takes top_k' },
  { value: 'takes_thoughts', label: 'Takes back what its model thought' },
]

const USUAL_APIS: readonly Api[] = ['chat_completions', 'responses']

export const NO_OPTIONS: OptionValues = {
  region: '',
  project: '',
  location: '',
  api_version: '',
  deployment_paths: false,
  quirks: [],
  native_apis: USUAL_APIS,
  unsupported_parameters: 'refuse',
}

const OF_DIALECT: Partial<Record<string, readonly (keyof OptionValues)[]>> = {
  openai: ['quirks', 'native_apis'],
  azure: ['api_version', 'deployment_paths', 'quirks', 'native_apis'],
  bedrock: ['region'],
  vertex: ['project', 'location'],
}

/** Whether it means something to the dialect. */
export function hasOption(dialect: string, option: keyof OptionValues): boolean {
  return option === 'unsupported_parameters' || (OF_DIALECT[dialect]?.includes(option) ?? false)
}

export function optionValuesOf(stored: Record<string, unknown>): OptionValues {
  const text = (name: string) => (typeof stored[name] === 'string' ? stored[name] : '')
  const names = (name: string) => (Array.isArray(stored[name]) ? (stored[name] as string[]) : undefined)
  return {
    region: text('region'),
    project: text('project'),
    location: text('location'),
    api_version: text('api_version'),
    deployment_paths: stored.deployment_paths === true,
    quirks: QUIRKS.map(({ value }) => value).filter((quirk) => names('quirks')?.includes(quirk)),
    native_apis: names('native_apis') === undefined ? USUAL_APIS : (names('native_apis') as Api[]),
    unsupported_parameters: stored.unsupported_parameters === 'drop' ? 'drop' : 'refuse',
  }
}

/** Those that differ from what holds anyway. */
export function asOptions(dialect: string, values: OptionValues): Options {
  const options: Options = {}
  for (const name of ['region', 'project', 'location', 'api_version'] as const) {
    if (hasOption(dialect, name) && values[name].trim() !== '') options[name] = values[name].trim()
  }
  if (hasOption(dialect, 'deployment_paths') && values.deployment_paths) options.deployment_paths = true
  if (hasOption(dialect, 'quirks') && values.quirks.length > 0) options.quirks = [...values.quirks]
  if (hasOption(dialect, 'native_apis') && !sameNames(values.native_apis, USUAL_APIS)) {
    options.native_apis = [...values.native_apis]
  }
  if (values.unsupported_parameters === 'drop') options.unsupported_parameters = 'drop'
  return options
}

export function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name))
}

export function region(text: string): true | string {
  return (
    text.trim() === '' || /^[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}$/.test(text.trim()) || 'Such as eu-central-1.'
  )
}

export function project(text: string): true | string {
  const known = /^([a-z][a-z0-9-]{4,28}[a-z0-9]|[a-z0-9.-]+:[a-z][a-z0-9-]+|[0-9]{6,20})$/
  return (
    text.trim() === '' ||
    known.test(text.trim()) ||
    'The project’s id, such as my-project-123, or its number.'
  )
}

export function location(text: string): true | string {
  return text.trim() === '' || /^[a-z][a-z0-9-]{0,62}$/.test(text.trim()) || 'Such as europe-west4 or global.'
}

/** The settings of a request as a person writes them, and as fields of the request. Pure. */
import { isRecord, parsed, recordIn, stringIn, type JsonRecord } from './json'

export const NUMBERS = [
  { name: 'temperature', label: 'Temperature', hint: 'Higher is more varied.', whole: false },
  { name: 'max_tokens', label: 'Max. tokens', hint: 'Of the answer.', whole: true },
  { name: 'top_p', label: 'Top P', hint: 'Of the likeliest words.', whole: false },
  { name: 'frequency_penalty', label: 'Frequency penalty', hint: 'Against repetition.', whole: false },
  { name: 'presence_penalty', label: 'Presence penalty', hint: 'For new subjects.', whole: false },
  { name: 'seed', label: 'Seed', hint: 'For the same answer again.', whole: true },
] as const

export type NumberName = (typeof NUMBERS)[number]['name']
export type Setting = NumberName | 'stop' | 'reasoning_effort' | 'extra' | 'tools'

export const EFFORTS = ['minimal', 'low', 'medium', 'high'] as const

export type Parameters = Readonly<Record<Setting, string>> & { readonly stream: boolean }

export const NO_PARAMETERS: Parameters = {
  temperature: '',
  max_tokens: '',
  top_p: '',
  frequency_penalty: '',
  presence_penalty: '',
  seed: '',
  stop: '',
  reasoning_effort: '',
  extra: '',
  tools: '',
  stream: true,
}

export interface Fields {
  /** For the request; what is wrong is left out. */
  fields: JsonRecord
  wrong: Partial<Record<Setting, string>>
}

/** What limits a number has is the provider's to say; here it only has to be one. */
export function requestFields(parameters: Parameters): Fields {
  const fields: JsonRecord = {}
  const wrong: Partial<Record<Setting, string>> = {}
  for (const { name, whole } of NUMBERS) {
    const text = parameters[name].trim()
    if (text === '') continue
    const value = Number(text)
    if (!Number.isFinite(value)) wrong[name] = 'A number.'
    else if (whole && !Number.isSafeInteger(value)) wrong[name] = 'A whole number.'
    else fields[name] = value
  }
  const stops = parameters.stop.split('\n').filter((line) => line !== '')
  if (stops.length > 0) fields.stop = stops
  if (parameters.reasoning_effort !== '') fields.reasoning_effort = parameters.reasoning_effort
  const tools = readTools(parameters.tools)
  if (tools.error !== undefined) wrong.tools = tools.error
  else if (tools.tools.length > 0) fields.tools = tools.tools
  const extra = readExtra(parameters.extra)
  if (extra.error !== undefined) wrong.extra = extra.error
  else Object.assign(fields, extra.fields)
  return { fields, wrong }
}

const TAKEN = new Set(['model', 'messages', 'stream', 'tools'])

function readExtra(text: string): { fields: JsonRecord; error?: string } {
  if (text.trim() === '') return { fields: {} }
  const value = parsed(text)
  if (!isRecord(value)) return { fields: {}, error: 'A JSON object, such as {"logprobs": true}.' }
  const taken = Object.keys(value).find((name) => TAKEN.has(name))
  if (taken !== undefined) return { fields: {}, error: `"${taken}" is set elsewhere on this page.` }
  return { fields: value }
}

const NAME = /^[\w-]{1,64}$/

/** Definitions as the API has them, or only what stands under `function` in them. */
export function readTools(text: string): { tools: JsonRecord[]; error?: string } {
  if (text.trim() === '') return { tools: [] }
  const given = parsed(text)
  if (given === undefined) return { tools: [], error: 'This is not valid JSON.' }
  const tools: JsonRecord[] = []
  const names = new Set<string>()
  for (const [index, each] of (Array.isArray(given) ? given : [given]).entries()) {
    const tool =
      isRecord(each) && each.type === undefined ? { type: 'function', function: each } : (each as unknown)
    const problem = isRecord(tool) ? wrongWith(tool, names) : 'must be an object'
    if (problem !== undefined || !isRecord(tool))
      return { tools: [], error: `Tool ${index + 1}: ${problem ?? ''}.` }
    tools.push(tool)
  }
  return { tools }
}

function wrongWith(tool: JsonRecord, names: Set<string>): string | undefined {
  if (tool.type !== 'function') return undefined // a provider's own
  const definition = recordIn(tool, 'function')
  if (definition === undefined) return 'needs a "function"'
  const name = stringIn(definition, 'name')
  if (name === undefined) return 'needs a "name"'
  if (!NAME.test(name)) return '"name" may have 64 letters, digits, _ and -'
  if (names.has(name)) return `"${name}" is defined twice`
  names.add(name)
  if (definition.parameters !== undefined && !isRecord(definition.parameters))
    return '"parameters" must be a JSON schema'
  return undefined
}

export const SAMPLE_TOOL = JSON.stringify(
  [
    {
      type: 'function',
      function: {
        name: 'get_weather',
        description: 'The weather at a place.',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
        },
      },
    },
  ],
  null,
  2,
)

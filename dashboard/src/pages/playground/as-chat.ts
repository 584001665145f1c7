/** What was asked through another API, in the words of chat completions, which the playground speaks. Pure. */
import { isRecord, recordIn, recordsIn, stringIn, type JsonRecord } from './json'

/** `undefined` where nothing was said to a model. What only the other API knows is left out. */
export function chatBodyOf(path: string, body: JsonRecord): JsonRecord | undefined {
  if (path.endsWith('/chat/completions')) return body
  if (path.endsWith('/completions')) return fromCompletions(body)
  if (path.endsWith('/messages')) return fromMessages(body)
  return path.endsWith('/responses') ? fromResponses(body) : undefined
}

function fromCompletions({ prompt, ...rest }: JsonRecord): JsonRecord {
  const prompts: unknown[] = Array.isArray(prompt) ? prompt : [prompt]
  return { ...rest, messages: [{ role: 'user', content: prompts.filter(isText).join('\n\n') }] }
}

const ONLY_MESSAGES = [
  'thinking',
  'tool_choice',
  'stop_sequences',
  'metadata',
  'cache_control',
  'output_config',
]

/** Anthropic's Messages. `system` is understood as it is. */
function fromMessages(body: JsonRecord): JsonRecord {
  return {
    ...without(body, ONLY_MESSAGES),
    ...(Array.isArray(body.stop_sequences) ? { stop: body.stop_sequences } : {}),
    messages: recordsIn(body, 'messages').flatMap(turnsOf),
    tools: recordsIn(body, 'tools')
      .filter(({ input_schema: schema }) => isRecord(schema))
      .map(({ name, description, input_schema: parameters }) => tool({ name, description, parameters })),
  }
}

function turnsOf({ role, content }: JsonRecord): JsonRecord[] {
  if (!Array.isArray(content)) return [{ role, content }]
  const blocks = content.filter(isRecord)
  const called = blocks.filter(({ type }) => type === 'tool_use')
  const results = blocks.filter(({ type }) => type === 'tool_result')
  const said = blocks.filter((block) => !called.includes(block) && !results.includes(block))
  const calls = called.map(({ id, name, input }) => call(id, name, JSON.stringify(input ?? {})))
  const turns: JsonRecord[] = results.map(({ tool_use_id: id, content: result }) => toolResult(id, result))
  if (said.length > 0 || calls.length > 0 || results.length === 0)
    turns.push({ role, content: said, ...(calls.length === 0 ? {} : { tool_calls: calls }) })
  return turns
}

const ONLY_RESPONSES = [
  ...['input', 'instructions', 'max_output_tokens', 'reasoning', 'text', 'store', 'include', 'truncation'],
  ...['previous_response_id', 'conversation', 'background', 'tool_choice', 'prompt', 'metadata'],
]

function fromResponses(body: JsonRecord): JsonRecord {
  const instructions = stringIn(body, 'instructions')
  const effort = stringIn(recordIn(body, 'reasoning') ?? {}, 'effort')
  const asked =
    typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : recordsIn(body, 'input')
  return {
    ...without(body, ONLY_RESPONSES),
    ...(instructions === undefined ? {} : { system: instructions }),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(body.max_output_tokens === undefined ? {} : { max_tokens: body.max_output_tokens }),
    messages: asked.flatMap(turnOf),
    tools: recordsIn(body, 'tools')
      .filter(({ type }) => type === 'function')
      .map(({ name, description, parameters }) => tool({ name, description, parameters })),
  }
}

function turnOf(item: JsonRecord): JsonRecord[] {
  switch (item.type) {
    case 'function_call':
      return [
        { role: 'assistant', content: null, tool_calls: [call(item.call_id, item.name, item.arguments)] },
      ]
    case 'function_call_output':
      return [toolResult(item.call_id, item.output)]
    case 'message':
    case undefined:
      return [{ role: item.role, content: contentOf(item.content) }]
    default:
      return [] // thoughts, and calls of the provider's own tools
  }
}

/** An image's address stands one level deeper. */
function contentOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content
    .filter(isRecord)
    .map((part) =>
      part.type === 'input_image' ? { type: 'image_url', image_url: { url: part.image_url } } : part,
    )
}

function call(id: unknown, name: unknown, args: unknown): JsonRecord {
  return { id, type: 'function', function: { name, arguments: args } }
}

function toolResult(id: unknown, content: unknown): JsonRecord {
  return { role: 'tool', tool_call_id: id, content }
}

function tool(described: JsonRecord): JsonRecord {
  return { type: 'function', function: described }
}

function without(body: JsonRecord, names: readonly string[]): JsonRecord {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

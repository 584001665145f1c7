/** What was asked and answered, as a conversation: of chat completions, completions, Messages and Responses. Pure. */
import { foldStream } from './fold-stream'
import { list, object, parsed, pretty, text, type Json } from './json'
import type { Detail } from './queries'

export type Part =
  | { kind: 'text' | 'thinking' | 'refusal'; text: string }
  /** `source` is shown only where it is data: nothing is loaded from elsewhere. */
  | { kind: 'image'; source: string }
  /** `text`: what is said in it, where that is known. */
  | { kind: 'audio'; source: string; text: string }
  | { kind: 'call'; name: string; id: string; input: string }
  | { kind: 'result'; id: string; text: string }
  /** What we do not know how to show. */
  | { kind: 'other'; name: string; json: string }

export interface Turn {
  role: string
  parts: Part[]
  /** Such as why the answer ended. */
  note?: string
}

export interface Conversation {
  asked: Turn[]
  answered: Turn[]
  /** Names of the tools that the model might call. */
  tools: string[]
  parameters: (readonly [name: string, value: string])[]
  /** What the answer says went wrong. */
  error: string | undefined
}

type Bodies = NonNullable<Detail['bodies']>
type Api = 'chat' | 'completions' | 'messages' | 'responses'

const SPOKEN = ['messages', 'input', 'instructions', 'prompt', 'system', 'tools', 'model']

/** `undefined` where it was no conversation, or where what was asked cannot be read. */
export function conversationOf(uri: string, bodies: Bodies): Conversation | undefined {
  const api = apiOf(uri)
  const request = object(bodies.request.content)
  if (api === undefined || Object.keys(request).length === 0) return undefined
  const response = answerOf(bodies.response)
  return {
    asked: READ[api](request),
    answered: Object.keys(response).length === 0 ? unreadable(bodies.response) : ANSWERED[api](response),
    tools: list(request.tools).map(toolName),
    parameters: Object.entries(request)
      .filter(([name, value]) => !SPOKEN.includes(name) && value !== null)
      .map(([name, value]) => [name, pretty(value)] as const),
    error: errorOf(response),
  }
}

function apiOf(uri: string): Api | undefined {
  const path = uri.split('?')[0]?.replace(/\/$/, '') ?? ''
  if (path.endsWith('/chat/completions')) return 'chat'
  if (path.endsWith('/completions')) return 'completions'
  if (path.endsWith('/messages')) return 'messages'
  return path.endsWith('/responses') ? 'responses' : undefined
}

/** The answer in one piece, however it came. */
export function answerOf(body: Bodies['response']): Json {
  if (body.kind === 'json') return object(body.content)
  if (body.kind !== 'text') return {}
  return foldStream(text(body.content)) ?? object(parsed(text(body.content)))
}

/** One that is cut off within its JSON, or none at all. */
function unreadable(body: Bodies['response']): Turn[] {
  const said = text(body.content)
  if (body.kind !== 'text' || said === '') return []
  return [{ role: 'assistant', parts: [{ kind: 'other', name: 'As it came', json: said }] }]
}

function errorOf(response: Json): string | undefined {
  if (response.error == null) return undefined
  return text(object(response.error).message) || pretty(response.error)
}

function toolName(tool: unknown): string {
  const known = object(tool)
  return text(object(known.function).name) || text(known.name) || text(known.type) || 'tool'
}

const READ: Record<Api, (request: Json) => Turn[]> = {
  chat: (request) => list(request.messages).map(chatTurn),
  completions: ({ prompt }) => {
    const prompts = typeof prompt === 'string' ? [prompt] : list(prompt)
    return prompts.map((each) => ({ role: 'user', parts: [{ kind: 'text', text: pretty(each) }] }))
  },
  messages: (request) => [
    ...(request.system == null ? [] : [{ role: 'system', parts: partsOf(request.system) }]),
    ...list(request.messages).map((each) => {
      const message = object(each)
      return { role: text(message.role), parts: partsOf(message.content) }
    }),
  ],
  responses: (request) => [
    ...(text(request.instructions) === '' ? [] : [{ role: 'system', parts: partsOf(request.instructions) }]),
    ...(typeof request.input === 'string'
      ? [{ role: 'user', parts: partsOf(request.input) }]
      : list(request.input).map(responseTurn)),
  ],
}

const ANSWERED: Record<Api, (response: Json) => Turn[]> = {
  chat: (response) =>
    list(response.choices).map((each) => {
      const choice = object(each)
      return noted(chatTurn(choice.message), choice.finish_reason)
    }),
  completions: (response) =>
    list(response.choices).map((each) => {
      const choice = object(each)
      return noted({ role: 'assistant', parts: partsOf(choice.text) }, choice.finish_reason)
    }),
  messages: (response) =>
    response.content === undefined
      ? []
      : [noted({ role: 'assistant', parts: partsOf(response.content) }, response.stop_reason)],
  responses: (response) => {
    const turns = list(response.output).map(responseTurn)
    const last = turns.at(-1)
    const why = text(object(response.incomplete_details).reason)
    return last === undefined ? turns : [...turns.slice(0, -1), noted(last, why)]
  },
}

function noted(turn: Turn, reason: unknown): Turn {
  return text(reason) === '' ? turn : { ...turn, note: text(reason) }
}

function chatTurn(value: unknown): Turn {
  const message = object(value)
  const role = text(message.role) || 'assistant'
  const thoughts = text(message.reasoning_content) || text(message.reasoning)
  const said = partsOf(message.content)
  const parts: Part[] = [
    ...(thoughts === '' ? [] : [{ kind: 'thinking' as const, text: thoughts }]),
    ...(role === 'tool'
      ? [{ kind: 'result' as const, id: text(message.tool_call_id), text: plain(said) }]
      : said),
    ...(message.audio == null ? [] : [audioPart(object(message.audio))]),
    ...(text(message.refusal) === '' ? [] : [{ kind: 'refusal' as const, text: text(message.refusal) }]),
    ...list(message.tool_calls).map((each) => {
      const call = object(each)
      const called = object(call.function)
      return callPart(text(called.name), call.id, called.arguments)
    }),
  ]
  return { role, parts }
}

function responseTurn(value: unknown): Turn {
  const item = object(value)
  switch (item.type) {
    case 'function_call':
    case 'custom_tool_call':
      return {
        role: 'assistant',
        parts: [callPart(text(item.name), item.call_id, item.arguments ?? item.input)],
      }
    case 'function_call_output':
    case 'custom_tool_call_output':
      return {
        role: 'tool',
        parts: [{ kind: 'result', id: text(item.call_id), text: outputOf(item.output) }],
      }
    case 'reasoning': {
      const thoughts = [...list(item.summary), ...list(item.content)].map((each) => text(object(each).text))
      return { role: 'assistant', parts: [{ kind: 'thinking', text: thoughts.join('\n\n') }] }
    }
    case 'message':
    case undefined:
      return { role: text(item.role) || 'user', parts: partsOf(item.content) }
    default:
      return { role: 'assistant', parts: [other(item)] }
  }
}

function outputOf(output: unknown): string {
  return Array.isArray(output) ? plain(partsOf(output)) : pretty(output ?? '')
}

function partsOf(content: unknown): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }]
  return list(content).map(partOf)
}

function partOf(value: unknown): Part {
  if (typeof value === 'string') return { kind: 'text', text: value }
  const part = object(value)
  switch (part.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { kind: 'text', text: text(part.text) }
    case 'thinking':
      return { kind: 'thinking', text: text(part.thinking) }
    case 'refusal':
      return { kind: 'refusal', text: text(part.refusal) }
    case 'image_url':
      return { kind: 'image', source: text(part.image_url) || text(object(part.image_url).url) }
    case 'input_image':
      return { kind: 'image', source: text(part.image_url) || text(part.file_id) }
    case 'image': {
      const source = object(part.source)
      const data = `data:${text(source.media_type)};base64,${text(source.data)}`
      return { kind: 'image', source: source.type === 'base64' ? data : text(source.url) }
    }
    case 'input_audio':
      return audioPart(object(part.input_audio))
    case 'file':
      return file(object(part.file).filename, part)
    case 'input_file':
      return file(part.filename, part)
    case 'document':
      return file(part.title, part)
    case 'tool_use':
    case 'server_tool_use':
      return callPart(text(part.name), part.id, part.input)
    case 'tool_result':
      return { kind: 'result', id: text(part.tool_use_id), text: plain(partsOf(part.content)) }
    default:
      return other(part)
  }
}

/** As OpenAI writes it, in requests and answers. */
function audioPart({ data, format, transcript }: Json): Part {
  const type = text(format) === 'mp3' ? 'audio/mpeg' : `audio/${text(format) || 'wav'}`
  return {
    kind: 'audio',
    source: text(data) === '' ? '' : `data:${type};base64,${text(data)}`,
    text: text(transcript),
  }
}

/** Its name is enough: Raw has what is in it. */
function file(name: unknown, part: Json): Part {
  const source = object(part.source)
  const said =
    text(name) || text(source.media_type) || text(source.url) || text(part.file_id) || 'without a name'
  return { kind: 'other', name: 'A file', json: text(source.type) === 'text' ? text(source.data) : said }
}

function callPart(name: string, id: unknown, input: unknown): Part {
  const shown = typeof input === 'string' ? (parsed(input) ?? input) : (input ?? {})
  return { kind: 'call', name, id: text(id), input: pretty(shown) }
}

function other(part: Json): Part {
  return { kind: 'other', name: text(part.type) || 'part', json: pretty(part) }
}

function plain(parts: readonly Part[]): string {
  return parts.map((part) => ('text' in part ? part.text : pretty(part))).join('\n')
}

/** A request of the log as a conversation to go on with. Pure. */
import type { Schema } from '@/api/client'
import { chatBodyOf } from './as-chat'
import type { ModelName, Prompt, Reply, ToolCall, Turn } from './conversation'
import { isRecord, recordIn, recordsIn, stringIn, type JsonRecord } from './json'
import { NO_PARAMETERS, NUMBERS, type Parameters } from './parameters'
import { newId, NO_DRAFT, type PlaygroundState } from './state'

type RequestDetail = Schema['RequestDetail']
export type Opened = { changes: Partial<PlaygroundState> } | { refusal: string }

const CHAT_FIELDS = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'stop',
  'reasoning_effort',
  'system',
])

/** What the playground becomes, or why it cannot. */
export function openRequest(detail: RequestDetail): Opened {
  const body = detail.bodies?.request
  if (body === undefined) return { refusal: 'What this request said is not kept.' }
  if (body.truncated) return { refusal: 'Only a part of this request is kept.' }
  const content: unknown = body.content
  if (body.kind !== 'json' || !isRecord(content)) return { refusal: 'This request is not one of JSON.' }
  const model = { id: detail.model_id, alias: detail.asked_model ?? detail.model }
  const columnId = newId()
  const columns = [{ id: columnId, model }]
  const path = detail.uri.split('?')[0] ?? ''
  const chat = chatBodyOf(path, content)
  if (chat !== undefined) return { changes: { columns, ...openChat(chat, columnId, model) } }
  if (path.endsWith('/embeddings')) return { changes: { columns, texts: textsIn(content.input) } }
  if (path.endsWith('/rerank')) {
    const documents = Array.isArray(content.documents) ? content.documents.map(documentText) : []
    return { changes: { columns, query: stringIn(content, 'query') ?? '', documents } }
  }
  return { refusal: `The playground has no form for ${path}.` }
}

function openChat(body: JsonRecord, columnId: string, model: ModelName): Partial<PlaygroundState> {
  const system: string[] = body.system === undefined ? [] : [promptOf(body.system).text]
  const turns: Turn[] = []
  for (const message of recordsIn(body, 'messages')) {
    const said = promptOf(message.content)
    switch (message.role) {
      case 'system':
      case 'developer':
        system.push(said.text)
        break
      case 'assistant': {
        const turn = turns.at(-1) ?? addTurn(turns, NO_DRAFT)
        const replies = [...(turn.replies[columnId] ?? []), replyOf(message, said.text, model)]
        turns[turns.length - 1] = { ...turn, replies: { [columnId]: replies } }
        break
      }
      case 'tool':
        takeResult(turns, columnId, message, said.text)
        break
      default:
        addTurn(turns, said)
    }
  }
  const last = turns.at(-1)
  // What nobody has answered yet is what is to be sent.
  const open = last !== undefined && last.replies[columnId] === undefined
  return {
    system: system.join('\n\n'),
    parameters: parametersOf(body),
    turns: open ? turns.slice(0, -1) : turns,
    draft: open ? { text: last.text, images: last.images } : NO_DRAFT,
  }
}

function addTurn(turns: Turn[], { text, images }: Prompt): Turn {
  const turn: Turn = { id: newId(), text, images, replies: {} }
  turns.push(turn)
  return turn
}

function replyOf(message: JsonRecord, text: string, model: ModelName): Reply {
  const calls = recordsIn(message, 'tool_calls').map((call): ToolCall => {
    const called = recordIn(call, 'function') ?? {}
    return {
      id: stringIn(call, 'id') ?? newId(),
      name: stringIn(called, 'name') ?? '',
      arguments: stringIn(called, 'arguments') ?? '',
      result: '',
    }
  })
  const reasoning = stringIn(message, 'reasoning_content') ?? stringIn(message, 'reasoning') ?? ''
  return { id: newId(), state: 'done', model, text, reasoning, calls }
}

function takeResult(turns: Turn[], columnId: string, message: JsonRecord, result: string): void {
  const turn = turns.at(-1)
  if (turn === undefined) return
  const replies = (turn.replies[columnId] ?? []).map((reply) => ({
    ...reply,
    calls: reply.calls.map((call) => (call.id === message.tool_call_id ? { ...call, result } : call)),
  }))
  turns[turns.length - 1] = { ...turn, replies: { [columnId]: replies } }
}

/** Text and images, as OpenAI or Anthropic write them. An image elsewhere is not fetched: only what the body holds is shown. */
function promptOf(content: unknown): Prompt {
  if (typeof content === 'string') return { text: content, images: [] }
  const parts = Array.isArray(content) ? content.filter(isRecord) : []
  const images = parts.map(imageIn).filter((url) => url !== undefined)
  const texts = parts.map((part) => stringIn(part, 'text')).filter((text) => text !== undefined)
  return { text: texts.join('\n\n'), images: images.filter((url) => url.startsWith('data:image/')) }
}

function imageIn(part: JsonRecord): string | undefined {
  const source = recordIn(part, 'source')
  if (source !== undefined) {
    return `data:${stringIn(source, 'media_type') ?? ''};base64,${stringIn(source, 'data') ?? ''}`
  }
  return stringIn(recordIn(part, 'image_url') ?? {}, 'url')
}

function parametersOf(body: JsonRecord): Parameters {
  const numbers = NUMBERS.filter(({ name }) => typeof body[name] === 'number')
  const known = new Set<string>([...CHAT_FIELDS, ...numbers.map(({ name }) => name)])
  const extra = Object.fromEntries(Object.entries(body).filter(([name]) => !known.has(name)))
  const stop =
    typeof body.stop === 'string' ? [body.stop] : Array.isArray(body.stop) ? body.stop.map(String) : []
  return {
    ...NO_PARAMETERS,
    ...Object.fromEntries(numbers.map(({ name }) => [name, String(body[name])])),
    stop: stop.join('\n'),
    reasoning_effort: stringIn(body, 'reasoning_effort') ?? '',
    tools: Array.isArray(body.tools) && body.tools.length > 0 ? JSON.stringify(body.tools, null, 2) : '',
    extra: Object.keys(extra).length === 0 ? '' : JSON.stringify(extra, null, 2),
    stream: body.stream === true,
  }
}

function textsIn(input: unknown): string[] {
  if (typeof input === 'string') return [input, '']
  return Array.isArray(input) ? input.filter((each) => typeof each === 'string') : ['', '']
}

function documentText(document: unknown): string {
  return isRecord(document) ? (stringIn(document, 'text') ?? '') : String(document)
}

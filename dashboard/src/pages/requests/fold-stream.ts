/** An answer that was streamed, as if it had come in one piece: of chat completions, completions, Messages, Responses. */
import { list, object, parsed, text, type Json } from './json'

type Open = Record<string, unknown>

/** `undefined` where the text is no stream of events that we know. It may be cut off anywhere. */
export function foldStream(body: string): Json | undefined {
  const events = eventsOf(body)
  const first = events[0]
  if (first === undefined) return undefined
  const type = text(first.type)
  if (type.startsWith('response.')) return foldResponse(events)
  if (type === 'message_start') return foldMessage(events)
  if ('choices' in first || events.some((event) => 'choices' in event)) return foldChoices(events)
  return 'error' in first ? first : undefined
}

function eventsOf(body: string): Json[] {
  return body
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => object(parsed(line.slice('data:'.length).trim())))
    .filter((event) => Object.keys(event).length > 0)
}

const PLACES = 1000

/** Where in its list a piece belongs. An absurd one must not make a list as long. */
function place(index: unknown): number {
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < PLACES ? index : 0
}

/** Without the holes of a stream whose beginning is lost. */
function present(places: readonly Open[]): Open[] {
  return Object.values(places)
}

function foldChoices(events: readonly Json[]): Json {
  const choices: Open[] = []
  const folded: Open = { choices }
  for (const event of events) {
    for (const name of ['id', 'model', 'usage', 'error'] as const) {
      if (event[name] != null) folded[name] = event[name]
    }
    for (const raw of list(event.choices)) {
      const choice = object(raw)
      const index = place(choice.index)
      const into = (choices[index] ??= {})
      if (choice.finish_reason != null) into.finish_reason = choice.finish_reason
      if (typeof choice.text === 'string') into.text = text(into.text) + choice.text
      if ('delta' in choice) addDelta((into.message ??= { role: 'assistant' }) as Open, object(choice.delta))
    }
  }
  folded.choices = present(choices)
  return folded
}

function addDelta(message: Open, delta: Json) {
  if (text(delta.role) !== '') message.role = delta.role
  for (const name of ['content', 'reasoning_content', 'reasoning', 'refusal'] as const) {
    if (typeof delta[name] === 'string') message[name] = text(message[name]) + delta[name]
  }
  for (const raw of list(delta.tool_calls)) {
    const call = object(raw)
    const calls = (message.tool_calls ??= []) as Open[]
    const into = (calls[place(call.index)] ??= { function: {} })
    if (text(call.id) !== '') into.id = call.id
    const [from, to] = [object(call.function), into.function as Open]
    if (text(from.name) !== '') to.name = from.name
    to.arguments = text(to.arguments) + text(from.arguments)
  }
}

function foldMessage(events: readonly Json[]): Json {
  const message: Open = {}
  const blocks: Open[] = []
  for (const event of events) {
    const index = place(event.index)
    switch (event.type) {
      case 'message_start':
        Object.assign(message, object(event.message))
        break
      case 'content_block_start':
        blocks[index] = { ...object(event.content_block) }
        break
      case 'content_block_delta':
        addBlockDelta((blocks[index] ??= { type: 'text' }), object(event.delta))
        break
      case 'message_delta':
        Object.assign(message, object(event.delta))
        message.usage = { ...object(message.usage), ...object(event.usage) }
        break
      case 'error':
        message.error = event.error
    }
  }
  message.content = present(blocks).map(withInput)
  return message
}

function addBlockDelta(block: Open, delta: Json) {
  for (const name of ['text', 'thinking'] as const) {
    if (typeof delta[name] === 'string') block[name] = text(block[name]) + delta[name]
  }
  if (typeof delta.partial_json === 'string') {
    block.partial_json = text(block.partial_json) + delta.partial_json
  }
}

function withInput({ partial_json, ...block }: Open): Json {
  return partial_json === undefined ? block : { ...block, input: parsed(text(partial_json)) ?? partial_json }
}

const ENDS = ['response.completed', 'response.incomplete', 'response.failed']

function foldResponse(events: readonly Json[]): Json {
  const end = events.find(({ type }) => ENDS.includes(text(type)))
  if (end !== undefined) return object(end.response)
  const items: Open[] = []
  for (const event of events) {
    const index = place(event.output_index)
    switch (event.type) {
      case 'response.output_item.added':
      case 'response.output_item.done':
        items[index] = { ...object(event.item) }
        break
      case 'response.output_text.delta':
        addText((items[index] ??= { type: 'message', role: 'assistant' }), text(event.delta))
        break
      case 'response.function_call_arguments.delta': {
        const item = (items[index] ??= { type: 'function_call' })
        item.arguments = text(item.arguments) + text(event.delta)
      }
    }
  }
  return { output: present(items) }
}

function addText(item: Open, more: string) {
  const before = text(object(list(item.content)[0]).text)
  item.content = [{ type: 'output_text', text: before + more }]
}

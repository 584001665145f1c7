/** What is said in the playground: prompts, and what each column's model replied to them. Pure. */
import type { Usage } from './usage'

export const MOST_COLUMNS = 4

export interface ModelName {
  id: string
  alias: string
}

export interface Column {
  id: string
  model: ModelName | undefined
}

export interface ToolCall {
  id: string
  name: string
  /** As the model wrote them: JSON, or what was to become JSON. */
  arguments: string
  /** Entered by the person. */
  result: string
}

export interface ReplyProblem {
  status: number
  code: string
  message: string
  retryAfterSeconds?: number
}

export interface Reply {
  id: string
  state: 'running' | 'done' | 'stopped' | 'failed'
  /** The model that was asked. */
  model: ModelName
  /** Another one that answered in its place. */
  answeredBy?: string
  /** Given again from kept answers, at no cost. */
  kept?: boolean
  text: string
  reasoning: string
  calls: readonly ToolCall[]
  finish?: string
  usage?: Usage
  /** To the first piece of the answer. */
  firstMs?: number
  totalMs?: number
  problem?: ReplyProblem
}

export interface Prompt {
  text: string
  /** As data URLs. */
  images: readonly string[]
}

export interface Turn extends Prompt {
  id: string
  /** By column; several where tools were called in between. */
  replies: Readonly<Record<string, readonly Reply[]>>
}

type Part = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } }

interface WireCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export type Message =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string | Part[] }
  | { role: 'assistant'; content: string | null; tool_calls?: WireCall[] }
  | { role: 'tool'; tool_call_id: string; content: string }

export function repliesOf(turn: Turn, columnId: string): readonly Reply[] {
  return turn.replies[columnId] ?? []
}

/** The turn with the column's replies changed. */
export function withReplies(turn: Turn, columnId: string, replies: readonly Reply[]): Turn {
  return { ...turn, replies: { ...turn.replies, [columnId]: replies } }
}

export function isEmpty({ text, images }: Prompt): boolean {
  return text.trim() === '' && images.length === 0
}

/** Whether the reply called tools whose results the conversation waits for. */
export function awaitsResults(reply: Reply | undefined): boolean {
  return reply?.state === 'done' && reply.calls.length > 0
}

/**
 * What the column's model is sent. The last of `turns` is the one to be answered; of its replies those that called tools
 * are a part of the question. Earlier prompts that the column has no answer to are left out: they were never answered.
 */
export function messagesOf(system: string, turns: readonly Turn[], columnId: string): Message[] {
  const messages: Message[] = system.trim() === '' ? [] : [{ role: 'system', content: system }]
  turns.forEach((turn, index) => {
    const said = repliesOf(turn, columnId).flatMap(asMessages)
    if (index < turns.length - 1 && said.length === 0) return
    if (!isEmpty(turn)) messages.push({ role: 'user', content: contentOf(turn) })
    messages.push(...said)
  })
  return messages
}

function contentOf({ text, images }: Prompt): string | Part[] {
  if (images.length === 0) return text
  const parts: Part[] = images.map((url) => ({ type: 'image_url', image_url: { url } }))
  return text.trim() === '' ? parts : [{ type: 'text', text }, ...parts]
}

/** None of a reply that failed, or that says nothing. */
function asMessages(reply: Reply): Message[] {
  if (reply.state === 'failed' || reply.state === 'running') return []
  const calls = reply.state === 'done' ? reply.calls.filter(({ result }) => result !== '') : []
  if (calls.length === 0) return reply.text === '' ? [] : [{ role: 'assistant', content: reply.text }]
  return [
    {
      role: 'assistant',
      content: reply.text === '' ? null : reply.text,
      tool_calls: calls.map(({ id, name, arguments: given }) => ({
        id,
        type: 'function',
        function: { name, arguments: given },
      })),
    },
    ...calls.map(({ id, result }): Message => ({ role: 'tool', tool_call_id: id, content: result })),
  ]
}

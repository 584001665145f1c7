/** What a person does with the conversation: send, stop, ask again, edit, answer a tool's call. */
import { asProblem } from '@/api/problem'
import { Answer, brokenOff } from './answer'
import {
  isEmpty,
  messagesOf,
  repliesOf,
  withReplies,
  type Column,
  type ModelName,
  type Prompt,
  type Reply,
  type ReplyProblem,
  type Turn,
} from './conversation'
import { ask, isEventStream, readEvents, Refusal, textOf } from './gateway'
import { parsed, type JsonRecord } from './json'
import { requestFields, type Parameters } from './parameters'
import { newId, NO_DRAFT } from './state'
import { canSend, type PlaygroundStore } from './store'

/** A request of the chat API. Whoever streams wants the usage told, for tokens and cost. */
export function chatRequest(
  model: string,
  parameters: Parameters,
  system: string,
  turns: readonly Turn[],
  columnId: string,
): JsonRecord {
  const streaming = parameters.stream ? { stream: true, stream_options: { include_usage: true } } : {}
  return {
    model,
    messages: messagesOf(system, turns, columnId),
    ...streaming,
    ...requestFields(parameters).fields,
  }
}

/** Asks every column's model. What was written becomes a turn. */
export function send(store: PlaygroundStore): void {
  const { draft } = store.state
  if (!canSend(store.state)) return
  store.set({ draft: NO_DRAFT })
  askAll(store, draft)
}

/** Asks every column once more from this turn on, with another prompt; what came after it is gone. */
export function resend(store: PlaygroundStore, turnId: string, prompt: Prompt): void {
  if (isEmpty(prompt)) return
  const at = store.state.turns.findIndex(({ id }) => id === turnId)
  if (at < 0) return
  store.stopAll()
  store.set({ turns: store.state.turns.slice(0, at) })
  askAll(store, prompt)
}

function askAll(store: PlaygroundStore, { text, images }: Prompt): void {
  const asked = store.state.columns.filter(hasModel)
  const replies = asked.map(({ id, model }) => [id, [newReply(model)]] as const)
  const turn: Turn = { id: newId(), text, images, replies: Object.fromEntries(replies) }
  store.set({ turns: [...store.state.turns, turn] })
  for (const { id } of asked) start(store, turn.id, id)
}

/** Asks the column's model again for the last turn's answer, or for the first time. */
export function regenerate(store: PlaygroundStore, columnId: string): void {
  const turn = store.state.turns.at(-1)
  const column = store.state.columns.find(({ id }) => id === columnId)
  if (turn === undefined || column === undefined || !hasModel(column)) return
  const replies = repliesOf(turn, columnId)
  const last = replies.at(-1)
  if (last !== undefined) store.stop(last.id)
  // Tools that were called before, and their results, stay a part of the question.
  store.changeReplies(turn.id, columnId, () => [...replies.slice(0, -1), newReply(column.model)])
  start(store, turn.id, columnId)
}

/** Goes on with what the person entered as the tools' results. */
export function giveResults(
  store: PlaygroundStore,
  columnId: string,
  results: Readonly<Record<string, string>>,
): void {
  const turn = store.state.turns.at(-1)
  const last = turn && repliesOf(turn, columnId).at(-1)
  if (turn === undefined || last === undefined) return
  const calls = last.calls.map((call) => ({ ...call, result: results[call.id] ?? call.result }))
  const column = store.state.columns.find(({ id }) => id === columnId)
  const next = newReply(column?.model ?? last.model)
  store.changeReplies(turn.id, columnId, (replies) => [...replies.slice(0, -1), { ...last, calls }, next])
  start(store, turn.id, columnId)
}

function hasModel(column: Column): column is Column & { model: ModelName } {
  return column.model !== undefined
}

function newReply(model: ModelName): Reply {
  return { id: newId(), state: 'running', model, text: '', reasoning: '', calls: [] }
}

/** Runs the request behind the column's last reply, which is new, to its end. */
function start(store: PlaygroundStore, turnId: string, columnId: string): void {
  const { turns, parameters, system } = store.state
  const index = turns.findIndex(({ id }) => id === turnId)
  const turn = turns[index]
  const reply = turn && repliesOf(turn, columnId).at(-1)
  if (turn === undefined || reply === undefined) return
  const before = withReplies(turn, columnId, repliesOf(turn, columnId).slice(0, -1))
  const question = [...turns.slice(0, index), before]
  const request = chatRequest(reply.model.alias, parameters, system, question, columnId)
  void run(request, reply, store.begin(reply.id), (changes) =>
    store.changeReply(turnId, columnId, reply.id, changes),
  ).finally(() => store.end(reply.id))
}

async function run(
  request: JsonRecord,
  reply: Reply,
  signal: AbortSignal,
  show: (changes: Partial<Reply>) => void,
): Promise<void> {
  const began = performance.now()
  const answer = new Answer()
  const frames = new Frames()
  let firstMs: number | undefined
  const told = (): Partial<Reply> => ({
    text: answer.text,
    reasoning: answer.reasoning,
    calls: answer.calls.map((call) => ({ ...call, result: '' })),
    ...(firstMs === undefined ? {} : { firstMs }),
    ...(answer.finish === undefined ? {} : { finish: answer.finish }),
    ...(answer.usage === undefined ? {} : { usage: answer.usage }),
  })
  const close = (state: Reply['state'], problem?: ReplyProblem) => {
    frames.cancel()
    const totalMs = performance.now() - began
    show({ ...told(), state, totalMs, ...(problem === undefined ? {} : { problem }) })
  }
  try {
    const response = await ask('/chat/completions', request, signal)
    show(saidByHead(response, reply))
    if (isEventStream(response)) {
      const done = await readEvents(response, signal, (data) => {
        answer.hear(parsed(data))
        if (answer.begun) firstMs ??= performance.now() - began
        frames.next(() => show(told()))
      })
      if (!done && !answer.ended) throw brokenOff()
    } else {
      answer.hearAll(parsed(await textOf(response, signal)))
    }
    close('done')
  } catch (error) {
    if (signal.aborted) close('stopped')
    else close('failed', asReplyProblem(error))
  }
}

/** What the gateway says about the answer before it comes. */
function saidByHead(response: Response, reply: Reply): Partial<Reply> {
  const answeredBy = response.headers.get('x-control-layer-model')
  const cache = response.headers.get('x-control-layer-cache')
  return {
    ...(answeredBy === null || answeredBy === reply.model.alias ? {} : { answeredBy }),
    ...(cache === 'hit' || cache === 'coalesced' ? { kept: true } : {}),
  }
}

export function asReplyProblem(error: unknown): ReplyProblem {
  const { status, code, message } = asProblem(error)
  const after = error instanceof Refusal ? error.retryAfterSeconds : undefined
  return { status, code, message, ...(after === undefined ? {} : { retryAfterSeconds: after }) }
}

/** Pieces come faster than a screen is painted: they are shown once a frame. */
class Frames {
  #frame: number | undefined

  next(paint: () => void): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      paint()
    })
  }

  cancel(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#frame = undefined
  }
}

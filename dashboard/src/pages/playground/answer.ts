/** An answer of `/chat/completions` as it is heard, in one piece or in many. Pure but for what it gathers. */
import { Problem } from '@/api/problem'
import { isRecord, numberIn, recordIn, recordsIn, stringIn, type JsonRecord } from './json'
import { usageOf, type Usage } from './usage'

interface HeardCall {
  id: string
  name: string
  arguments: string
}

export class Answer {
  text = ''
  reasoning = ''
  finish: string | undefined
  usage: Usage | undefined
  /** Whether the provider said that this is all. */
  ended = false
  readonly #calls: HeardCall[] = []

  get calls(): readonly HeardCall[] {
    return this.#calls
  }

  get begun(): boolean {
    return this.text !== '' || this.reasoning !== '' || this.#calls.length > 0
  }

  /** Takes in a blocking answer. Throws `Problem` for what is none. */
  hearAll(body: unknown): void {
    this.hear(body)
    if (this.finish === undefined && !this.begun) throw unreadable()
    this.ended = true
  }

  /** Takes in a chunk of a stream, or a whole answer, which differs in little. Throws `Problem` for a reported error. */
  hear(chunk: unknown): void {
    if (!isRecord(chunk)) throw unreadable()
    const error = chunk.error
    if (error !== undefined && error !== null) throw reported(error)
    this.usage = usageOf(chunk.usage) ?? this.usage
    const choice = recordsIn(chunk, 'choices').find((each) => (numberIn(each, 'index') ?? 0) === 0)
    if (choice === undefined) return
    this.#hearMessage(recordIn(choice, 'delta') ?? recordIn(choice, 'message') ?? {})
    this.finish = stringIn(choice, 'finish_reason') ?? this.finish
    if (this.finish !== undefined) this.ended = true
  }

  #hearMessage(message: JsonRecord): void {
    this.text += stringIn(message, 'content') ?? stringIn(message, 'refusal') ?? ''
    // Providers have two words for what a model thinks.
    this.reasoning += stringIn(message, 'reasoning_content') ?? stringIn(message, 'reasoning') ?? ''
    recordsIn(message, 'tool_calls').forEach((piece, place) => {
      const index = numberIn(piece, 'index') ?? place
      const call = (this.#calls[index] ??= { id: '', name: '', arguments: '' })
      const called = recordIn(piece, 'function') ?? {}
      call.id = stringIn(piece, 'id') ?? (call.id || `call_${index}`)
      call.name += stringIn(called, 'name') ?? ''
      call.arguments += stringIn(called, 'arguments') ?? ''
    })
  }
}

export function brokenOff(): Problem {
  return new Problem(502, 'broken_off', 'The answer broke off before its end.')
}

function unreadable(): Problem {
  return new Problem(502, 'unreadable', 'What came back is no answer of a chat model.')
}

function reported(error: unknown): Problem {
  if (!isRecord(error)) return new Problem(502, 'provider_error', String(error))
  const code = stringIn(error, 'code') ?? stringIn(error, 'type') ?? 'provider_error'
  return new Problem(502, code, stringIn(error, 'message') ?? 'The provider reported an error.')
}

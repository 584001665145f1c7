/** The AI API as somebody who is signed in asks it: `/admin/api/v1/ai`, through the gateway and in their name. */
import { createParser } from 'eventsource-parser'
import { Problem } from '@/api/problem'
import { noticeProblem } from '@/api/queries'
import { isRecord, parsed, recordIn, type JsonRecord } from './json'

const PREFIX = '/admin/api/v1/ai/v1'

/** A refusal, with the time after which asking again may help. */
export class Refusal extends Problem {
  constructor(
    problem: Problem,
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(problem.status, problem.code, problem.message, problem.fields)
  }
}

/** The answer's head has come. Throws `Refusal`; ends the request, here and at the provider, with `signal`. */
export async function ask(path: string, body: JsonRecord, signal: AbortSignal): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, application/problem+json, text/event-stream',
  }
  let response: Response
  try {
    response = await fetch(PREFIX + path, { method: 'POST', headers, body: JSON.stringify(body), signal })
  } catch (error) {
    if (signal.aborted) throw error
    throw noticed(Problem.silence())
  }
  if (!response.ok) throw noticed(await refused(response), response.headers.get('retry-after'))
  return response
}

/** The whole answer to a request that does not stream. */
export async function askWhole(path: string, body: JsonRecord, signal: AbortSignal): Promise<JsonRecord> {
  const answer = parsed(await textOf(await ask(path, body, signal), signal))
  if (!isRecord(answer)) throw new Problem(502, 'unreadable', 'What came back is no JSON object.')
  return answer
}

export async function textOf(response: Response, signal: AbortSignal): Promise<string> {
  try {
    return await response.text()
  } catch (error) {
    if (signal.aborted) throw error
    throw new Problem(502, 'broken_off', 'The answer broke off before its end.')
  }
}

export function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** The data of each event, until `[DONE]` (which gives true) or the end of the connection. */
export async function readEvents(
  response: Response,
  signal: AbortSignal,
  hear: (data: string) => void,
): Promise<boolean> {
  let done = false
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') done = true
      else hear(data)
    },
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) return done
  try {
    for (;;) {
      const { done: ended, value } = await reader.read()
      if (ended) return done
      parser.feed(value)
    }
  } catch (error) {
    // What the provider said of itself, and the person's own stop, are passed on; the rest is a lost connection.
    if (signal.aborted || error instanceof Problem) throw error
    return done
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}

async function refused(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '')
  const body = parsed(text)
  if (!isRecord(body)) return Problem.of(response.status, text)
  // The gateway's and most providers' errors, or the control plane's own.
  return Problem.of(response.status, recordIn(body, 'error') ?? body)
}

function noticed(problem: Problem, retryAfter?: string | null): Refusal {
  // A provider's 502 and 503 say nothing of our own server.
  if (problem.status === 0 || problem.status === 401) noticeProblem(problem)
  const seconds = Number(retryAfter ?? undefined)
  return new Refusal(problem, Number.isFinite(seconds) ? Math.ceil(seconds) : undefined)
}

/** A request that does not stream, its answer, and how long it took. */
import { useEffect, useRef, useState } from 'react'
import type { ModelName, ReplyProblem } from './conversation'
import { askWhole } from './gateway'
import type { JsonRecord } from './json'
import { asReplyProblem } from './replying'

export interface Outcome {
  model: ModelName
  request: JsonRecord
  answer: JsonRecord
  totalMs: number
}

interface AskedOnce {
  busy: boolean
  outcome: Outcome | undefined
  problem: ReplyProblem | undefined
  ask: (model: ModelName, request: JsonRecord) => void
  stop: () => void
}

/** Asks `path`. Leaving the page, and asking anew, end what is under way. */
export function useAskedOnce(path: string): AskedOnce {
  const [outcome, setOutcome] = useState<Outcome>()
  const [problem, setProblem] = useState<ReplyProblem>()
  const [busy, setBusy] = useState(false)
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])

  const ask = (model: ModelName, request: JsonRecord) => {
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    const began = performance.now()
    setBusy(true)
    setProblem(undefined)
    askWhole(path, { model: model.alias, ...request }, controller.signal)
      .then((answer) => setOutcome({ model, request, answer, totalMs: performance.now() - began }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setProblem(asReplyProblem(error))
      })
      .finally(() => {
        if (running.current === controller) setBusy(false)
      })
  }
  return { busy, outcome, problem, ask, stop: () => running.current?.abort() }
}

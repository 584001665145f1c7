/** The state as components see it: each hears of the part that it shows, so a stream repaints nothing but its reply. */
import { createContext, useContext, useSyncExternalStore } from 'react'
import { isEmpty, repliesOf, withReplies, type Reply, type Turn } from './conversation'
import { saveState, type PlaygroundState } from './state'

const SAVE_AFTER_MS = 400

export class PlaygroundStore {
  #state: PlaygroundState
  #saving: number | undefined
  readonly #userId: string
  readonly #listeners = new Set<() => void>()
  readonly #running = new Map<string, AbortController>()

  constructor(userId: string, state: PlaygroundState) {
    this.#userId = userId
    this.#state = state
  }

  get state(): PlaygroundState {
    return this.#state
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(changes: Partial<PlaygroundState>): void {
    this.#state = { ...this.#state, ...changes }
    this.#saving ??= window.setTimeout(() => this.save(), SAVE_AFTER_MS)
    for (const listener of this.#listeners) listener()
  }

  save(): void {
    window.clearTimeout(this.#saving)
    this.#saving = undefined
    saveState(this.#userId, this.#state)
  }

  /** Changes one reply, if it is still there. */
  changeReply(turnId: string, columnId: string, replyId: string, changes: Partial<Reply>): void {
    this.changeReplies(turnId, columnId, (replies) =>
      replies.map((reply) => (reply.id === replyId ? { ...reply, ...changes } : reply)),
    )
  }

  changeReplies(
    turnId: string,
    columnId: string,
    change: (replies: readonly Reply[]) => readonly Reply[],
  ): void {
    const changed = (turn: Turn) =>
      turn.id === turnId ? withReplies(turn, columnId, change(repliesOf(turn, columnId))) : turn
    this.set({ turns: this.#state.turns.map(changed) })
  }

  /** For the request behind a reply; ended by `stop`. */
  begin(replyId: string): AbortSignal {
    const controller = new AbortController()
    this.#running.set(replyId, controller)
    return controller.signal
  }

  end(replyId: string): void {
    this.#running.delete(replyId)
  }

  stop(replyId: string): void {
    this.#running.get(replyId)?.abort()
  }

  stopAll(): void {
    for (const controller of this.#running.values()) controller.abort()
  }
}

const Context = createContext<PlaygroundStore | undefined>(undefined)
export const StoreProvider = Context.Provider

export function useStore(): PlaygroundStore {
  const store = useContext(Context)
  if (store === undefined) throw new Error('this is not within the playground')
  return store
}

/** `select` gives a value of the state's own, or a plain one: what it gives must not be new each time. */
export function usePlayground<Value>(select: (state: PlaygroundState) => Value): Value {
  const store = useStore()
  return useSyncExternalStore(store.subscribe, () => select(store.state))
}

export function isRunning(state: PlaygroundState): boolean {
  return Object.values(state.turns.at(-1)?.replies ?? {}).some(
    (replies) => replies.at(-1)?.state === 'running',
  )
}

/** Whether there is something to be sent, and somebody to send it to. */
export function canSend(state: PlaygroundState): boolean {
  return !isEmpty(state.draft) && state.columns.some(({ model }) => model !== undefined) && !isRunning(state)
}

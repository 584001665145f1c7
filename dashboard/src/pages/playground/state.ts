/** Everything that the playground keeps, and what is kept of it in the tab's storage. */
import { MOST_COLUMNS, type Column, type Prompt, type Reply, type Turn } from './conversation'
import { isRecord, parsed } from './json'
import { NO_PARAMETERS, type Parameters } from './parameters'

export interface PlaygroundState {
  columns: readonly Column[]
  system: string
  parameters: Parameters
  turns: readonly Turn[]
  /** What is being written. */
  draft: Prompt
  /** To be compared by an embedding model. */
  texts: readonly string[]
  /** To be searched by a reranking model. */
  query: string
  documents: readonly string[]
}

export function newId(): string {
  return crypto.getRandomValues(new Uint32Array(2)).join('-')
}

export const NO_DRAFT: Prompt = { text: '', images: [] }

export function emptyState(): PlaygroundState {
  return {
    columns: [{ id: newId(), model: undefined }],
    system: '',
    parameters: NO_PARAMETERS,
    turns: [],
    draft: NO_DRAFT,
    texts: ['', ''],
    query: '',
    documents: ['', ''],
  }
}

/** One key a person: whoever signs in next in this tab sees nothing of it. */
function storageKey(userId: string): string {
  return `playground:${userId}`
}

export function loadState(userId: string): PlaygroundState {
  const kept = parsed(sessionStorage.getItem(storageKey(userId)) ?? '')
  if (!isRecord(kept)) return emptyState()
  const state = { ...emptyState(), ...(kept as Partial<PlaygroundState>) }
  return {
    ...state,
    columns: state.columns.length > 0 ? state.columns.slice(0, MOST_COLUMNS) : emptyState().columns,
    parameters: { ...NO_PARAMETERS, ...state.parameters },
    turns: state.turns.map(ended),
  }
}

/** Where the storage is full, images are left out, and if that is not enough, nothing new is kept. */
export function saveState(userId: string, state: PlaygroundState): void {
  for (const each of [state, withoutImages(state)]) {
    try {
      sessionStorage.setItem(storageKey(userId), JSON.stringify(each))
      return
    } catch {
      continue
    }
  }
}

/** A stream does not outlive its page. */
function ended(turn: Turn): Turn {
  const stop = (reply: Reply): Reply => (reply.state === 'running' ? { ...reply, state: 'stopped' } : reply)
  const replies = Object.entries(turn.replies).map(([column, each]) => [column, each.map(stop)] as const)
  return { ...turn, replies: Object.fromEntries(replies) }
}

function withoutImages(state: PlaygroundState): PlaygroundState {
  return {
    ...state,
    draft: { ...state.draft, images: [] },
    turns: state.turns.map((turn) => ({ ...turn, images: [] })),
  }
}

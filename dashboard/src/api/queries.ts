/** The cache of answers, and what happens everywhere when the session ends or the server goes away. */
import {
  MutationCache,
  QueryCache,
  QueryClient,
  type InvalidateOptions,
  type InvalidateQueryFilters,
  type QueryKey,
} from '@tanstack/react-query'
import { asProblem } from './problem'
import { serverAway } from './reachability'

const RETRIES = 2

/** Set by the session: what to do when an answer says that nobody is signed in any more. */
let ended: () => void = () => undefined

export function onSessionEnd(act: () => void) {
  ended = act
}

/** For what is asked past the cache, too. */
export function noticeProblem(error: Error) {
  const problem = asProblem(error)
  if (problem.unreachable) serverAway()
  else if (problem.signedOut) ended()
}

/**
 * TanStack's, but for the first answers that are on their way when something has changed: it would take them for new,
 * though they may say what was before.
 */
class Answers extends QueryClient {
  override async invalidateQueries<Key extends QueryKey = QueryKey>(
    filters?: InvalidateQueryFilters<Key>,
    options?: InvalidateOptions,
  ) {
    const onTheirWay = this.getQueryCache()
      .findAll({ ...filters, fetchStatus: 'fetching' })
      .filter(({ state }) => state.data === undefined)
    await super.invalidateQueries(filters, options)
    if (onTheirWay.length === 0) return
    await Promise.allSettled(onTheirWay.map(async ({ promise }) => promise))
    await super.invalidateQueries({ predicate: (query) => onTheirWay.includes(query) }, options)
  }
}

export function makeQueryClient(): QueryClient {
  return new Answers({
    queryCache: new QueryCache({ onError: noticeProblem }),
    mutationCache: new MutationCache({ onError: noticeProblem }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (count, error) =>
          asProblem(error).status >= 500 && !asProblem(error).unreachable && count < RETRIES,
        // Our own reachability says when to ask again; the browser's `onLine` knows nothing of the server.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}

export const queryClient = makeQueryClient()

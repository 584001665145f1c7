/** What links to the playground say: `?model=` chooses a model, `?request=` opens a request of the log. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { say, sayProblem } from '@/components/toast'
import { openRequest } from './logged-request'
import { choicesOptions, loggedRequestOptions, namedModelOptions } from './queries'
import type { PlaygroundSearch } from './search'
import { useStore } from './store'

/** Done once: what the link said is then a part of the state, and of the URL no longer. */
function useForget(): (name: keyof PlaygroundSearch) => void {
  const navigate = useNavigate()
  return (name) =>
    void navigate({
      to: '.',
      replace: true,
      resetScroll: false,
      search: (previous: PlaygroundSearch) => ({ ...previous, [name]: undefined }),
    })
}

/** Without a link and without a choice, the first model that chats. */
export function useLinkedModel(): void {
  const store = useStore()
  const forget = useForget()
  const { model: name, request }: PlaygroundSearch = useSearch({ strict: false })
  const named = useQuery({ ...namedModelOptions(name ?? ''), enabled: name !== undefined })
  const unchosen = name === undefined && request === undefined && store.state.columns[0]?.model === undefined
  const first = useQuery({ ...choicesOptions('', 'CHAT'), enabled: unchosen }).data?.data[0]
  useEffect(() => {
    if (name === undefined || named.isPending) return
    forget('model')
    if (named.data == null) {
      if (named.isError) sayProblem(named.error)
      else sayProblem(new Error(`There is no model ${name} that you may call.`))
      return
    }
    const { id, alias } = named.data
    // Whoever follows a link to one model wants that one, and no comparison.
    const [column] = store.state.columns
    if (column !== undefined) store.set({ columns: [{ ...column, model: { id, alias } }] })
  }, [name, named.isPending]) // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => {
    const [column, ...others] = store.state.columns
    if (!unchosen || first === undefined || column?.model !== undefined || column === undefined) return
    store.set({ columns: [{ ...column, model: { id: first.id, alias: first.alias } }, ...others] })
  }, [unchosen, first]) // eslint-disable-line react-hooks/exhaustive-deps
}

export function useLoggedRequest(): void {
  const store = useStore()
  const forget = useForget()
  const { request }: PlaygroundSearch = useSearch({ strict: false })
  const logged = useQuery({ ...loggedRequestOptions(request ?? ''), enabled: request !== undefined })
  useEffect(() => {
    if (request === undefined || logged.isPending) return
    forget('request')
    if (logged.data === undefined) {
      sayProblem(logged.error)
      return
    }
    const opened = openRequest(logged.data)
    if ('refusal' in opened) {
      sayProblem(new Error(opened.refusal))
      return
    }
    const before = store.state
    store.stopAll()
    store.set(opened.changes)
    say('Opened from the request log.', { undo: () => store.set(before) })
  }, [request, logged.isPending]) // eslint-disable-line react-hooks/exhaustive-deps
}

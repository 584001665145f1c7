/** The conversation, and where it goes on. */
import { MessagesSquare } from 'lucide-react'
import { useEffect, useMemo } from 'react'
import { EmptyState } from '@/components/page'
import { Composer } from './composer'
import { isRunning, usePlayground, useStore } from './store'
import { TurnView } from './turn'

/** So far from the end of the page one still reads along. */
const NEAR_PIXELS = 160

export function Chat({ onSettings }: { onSettings: () => void }) {
  const turns = usePlayground((state) => state.turns)
  // The turns change with each piece of a stream; which there are does not.
  const joined = turns.map(({ id }) => id).join(' ')
  const ids = useMemo(() => (joined === '' ? [] : joined.split(' ')), [joined])
  return <Conversation ids={ids} onSettings={onSettings} />
}

function Conversation({ ids, onSettings }: { ids: readonly string[]; onSettings: () => void }) {
  useReadAlong()
  return (
    <div className="flex min-h-[calc(100dvh-16rem)] md:min-h-[calc(100dvh-12.75rem)] flex-col gap-4">
      <div className="flex-1 space-y-6">
        {ids.length === 0 ? (
          <EmptyState icon={<MessagesSquare />} title="Ask a model something">
            Choose a model and write a prompt below. Add up to four models to see their answers side by side.
          </EmptyState>
        ) : (
          ids.map((id) => <TurnView key={id} turnId={id} />)
        )}
      </div>
      <div className="sticky bottom-0 z-20 -mb-12 bg-canvas pt-1 pb-4">
        <Composer onSettings={onSettings} />
      </div>
    </div>
  )
}

/** While answers come, the page follows their end, unless the person looks at something further up. */
function useReadAlong() {
  const store = useStore()
  useEffect(() => {
    const page = document.documentElement
    let near = true
    const look = () => {
      near = page.scrollHeight - window.scrollY - window.innerHeight < NEAR_PIXELS
    }
    const follow = () => {
      if (near && isRunning(store.state))
        requestAnimationFrame(() => window.scrollTo({ top: page.scrollHeight }))
    }
    window.addEventListener('scroll', look, { passive: true })
    const leave = store.subscribe(follow)
    return () => {
      window.removeEventListener('scroll', look)
      leave()
    }
  }, [store])
}

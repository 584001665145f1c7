/** A prompt and, beneath it, every column's answer to it. */
import { Pencil } from 'lucide-react'
import { memo, useState } from 'react'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Tooltip } from '@/design/menu'
import { plural } from '@/format/number'
import { isEmpty, type Prompt, type Turn } from './conversation'
import { PromptField } from './prompt-field'
import { ColumnReplies } from './reply'
import { resend } from './replying'
import { usePlayground, useStore } from './store'
import { Thumbnails } from './thumbnails'

const GRID: Record<number, string> = {
  2: 'md:grid-cols-2',
  3: 'lg:grid-cols-3',
  4: 'md:grid-cols-2 xl:grid-cols-4',
}

export function TurnView({ turnId }: { turnId: string }) {
  const columns = usePlayground((state) => state.columns)
  const last = usePlayground((state) => state.turns.at(-1)?.id === turnId)
  return (
    <article className="space-y-3" aria-label="Prompt and answers">
      <PromptView turnId={turnId} />
      <div className={cn('grid grid-cols-1 gap-3', GRID[columns.length])}>
        {columns.map((column) => (
          <ColumnReplies key={column.id} turnId={turnId} column={column} last={last} />
        ))}
      </div>
    </article>
  )
}

const PromptView = memo(function PromptView({ turnId }: { turnId: string }) {
  const store = useStore()
  const text = usePlayground(({ turns }) => turns.find(({ id }) => id === turnId)?.text ?? '')
  const images = usePlayground(({ turns }) => turns.find(({ id }) => id === turnId)?.images ?? NO_IMAGES)
  const [edited, setEdited] = useState<Prompt>()
  if (edited !== undefined) {
    const sendAgain = () => {
      if (isEmpty(edited)) return
      const before = store.state.turns
      resend(store, turnId, edited)
      sayWhatIsGone(before.length - store.state.turns.length, () => {
        store.stopAll()
        store.set({ turns: before })
      })
    }
    return (
      <PromptField
        label="Edit the prompt"
        value={edited}
        onChange={setEdited}
        onEnter={sendAgain}
        onEscape={() => setEdited(undefined)}
        focused
      >
        <Button onClick={() => setEdited(undefined)}>Cancel</Button>
        <Button variant="primary" disabled={isEmpty(edited)} onClick={sendAgain}>
          Send again
        </Button>
      </PromptField>
    )
  }
  if (isEmpty({ text, images })) return null
  return (
    <div className="group/prompt flex items-start gap-2">
      <div className="min-w-0 flex-1 space-y-2 rounded-lg bg-hover px-3 py-2.5">
        <Thumbnails images={images} />
        {text !== '' && <p className="text-base break-words whitespace-pre-wrap">{text}</p>}
      </div>
      <Tooltip label="Edit and send again">
        <Button
          variant="ghost"
          size="icon"
          aria-label="Edit the prompt"
          onClick={() => setEdited({ text, images })}
        >
          <Pencil aria-hidden />
        </Button>
      </Tooltip>
    </div>
  )
})

const NO_IMAGES: Turn['images'] = []

/** Those behind the edited turn have gone; it itself was replaced. */
function sayWhatIsGone(gone: number, undo: () => void) {
  const text = gone > 0 ? `Sent again; ${plural(gone, 'later prompt')} removed.` : 'Sent again.'
  say(text, { undo })
}

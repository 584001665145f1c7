/** What one model replied to one prompt, as it comes. */
import { RotateCw, Square } from 'lucide-react'
import { memo } from 'react'
import { Badge } from '@/components/badge'
import { CopyButton } from '@/components/code-block'
import { Disclosure } from '@/components/disclosure'
import { Markdown } from '@/components/markdown'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import { awaitsResults, repliesOf, type Column, type Reply } from './conversation'
import { Figures } from './figures'
import { ProblemNote } from './problem-note'
import { giveResults, regenerate } from './replying'
import { usePlayground, useStore } from './store'
import { ToolCalls } from './tool-calls'

const NONE: readonly Reply[] = []

interface ColumnRepliesProps {
  turnId: string
  column: Column
  /** Only the last turn can be asked again, and only its tools wait. */
  last: boolean
}

export const ColumnReplies = memo(function ColumnReplies({ turnId, column, last }: ColumnRepliesProps) {
  const store = useStore()
  const replies = usePlayground((state) => {
    const turn = state.turns.find(({ id }) => id === turnId)
    return turn === undefined ? NONE : repliesOf(turn, column.id)
  })
  const latest = replies.at(-1)
  const name = latest?.model.alias ?? column.model?.alias ?? 'No model'
  if (latest === undefined && !last) return <div className="max-md:hidden" />
  return (
    <section
      aria-label={`Answer of ${name}`}
      aria-busy={latest?.state === 'running'}
      className="group/reply flex min-w-0 flex-col rounded-lg border border-line bg-surface shadow-raised"
    >
      <header className="flex h-9 items-center gap-2 border-b border-line px-3">
        <span className="truncate font-medium">{name}</span>
        {latest?.answeredBy !== undefined && (
          <Tooltip label={`${name} did not answer; ${latest.answeredBy} did in its place.`}>
            <span className="min-w-0">
              <Badge className="max-w-full truncate">by {latest.answeredBy}</Badge>
            </span>
          </Tooltip>
        )}
        <span className="ml-auto flex shrink-0 items-center">
          <Actions name={name} latest={latest} last={last} column={column} />
        </span>
      </header>
      <div className="min-w-0 flex-1 space-y-3 px-3 py-3">
        {latest === undefined && <p className="text-faint">This model was not asked.</p>}
        {replies.map((reply) => (
          <ReplyBody
            key={reply.id}
            reply={reply}
            onRetry={last && reply === latest ? () => regenerate(store, column.id) : undefined}
            onResults={
              last && reply === latest && awaitsResults(reply)
                ? (results) => giveResults(store, column.id, results)
                : undefined
            }
          />
        ))}
      </div>
      {latest !== undefined && (latest.totalMs !== undefined || latest.firstMs !== undefined) && (
        <footer className="border-t border-line px-3 py-2">
          <Figures
            model={latest.model}
            usage={latest.usage}
            firstMs={latest.firstMs}
            totalMs={latest.totalMs}
            answeredBy={latest.answeredBy}
            kept={latest.kept}
          />
        </footer>
      )}
    </section>
  )
})

interface ActionsProps {
  name: string
  latest: Reply | undefined
  last: boolean
  column: Column
}

function Actions({ name, latest, last, column }: ActionsProps) {
  const store = useStore()
  if (latest?.state === 'running') {
    return (
      <Tooltip label="Stop this answer">
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={`Stop ${name}`}
          onClick={() => store.stop(latest.id)}
        >
          <Square className="fill-current" aria-hidden />
        </Button>
      </Tooltip>
    )
  }
  return (
    <>
      {last && column.model !== undefined && (
        <Tooltip label={`Ask ${column.model.alias} again`}>
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={`Ask ${column.model.alias} again`}
            onClick={() => regenerate(store, column.id)}
          >
            <RotateCw aria-hidden />
          </Button>
        </Tooltip>
      )}
      {latest !== undefined && latest.text !== '' && (
        <CopyButton text={latest.text} className="h-6 border-0 shadow-none" />
      )}
    </>
  )
}

interface ReplyBodyProps {
  reply: Reply
  onRetry: (() => void) | undefined
  onResults: ((results: Readonly<Record<string, string>>) => void) | undefined
}

const ReplyBody = memo(function ReplyBody({ reply, onRetry, onResults }: ReplyBodyProps) {
  const nothing = reply.text === '' && reply.reasoning === '' && reply.calls.length === 0
  return (
    <>
      {reply.reasoning !== '' && (
        <Reasoning text={reply.reasoning} thinking={reply.text === '' && reply.state === 'running'} />
      )}
      {reply.text !== '' && <Markdown text={reply.text} />}
      {reply.calls.length > 0 && <ToolCalls calls={reply.calls} onResults={onResults} />}
      {reply.state === 'running' && nothing && (
        <p className="animate-breathe text-faint" role="status">
          Waiting for the first token…
        </p>
      )}
      {reply.state === 'stopped' && <p className="text-faint">Stopped.</p>}
      {reply.state === 'done' && nothing && <p className="text-faint">The model said nothing.</p>}
      {reply.finish === 'length' && (
        <p className="text-warn">Cut off: the limit of tokens was reached. Raise “Max. tokens” for more.</p>
      )}
      {reply.finish === 'content_filter' && (
        <p className="text-warn">Ended by the provider’s content policy.</p>
      )}
      {reply.problem !== undefined && <ProblemNote problem={reply.problem} onRetry={onRetry} />}
    </>
  )
})

/** What the model thinks: in sight as long as there is nothing else. */
function Reasoning({ text, thinking }: { text: string; thinking: boolean }) {
  return (
    <Disclosure
      className="rounded-md border border-line bg-sunken"
      summary={thinking ? <span className="animate-breathe">Reasoning…</span> : 'Reasoning'}
      summaryClassName="h-8 rounded-md px-2.5 text-soft hover:text-ink"
    >
      <div className="border-t border-line px-3 py-2">
        <Markdown text={text} className="text-sm text-soft" />
      </div>
    </Disclosure>
  )
}

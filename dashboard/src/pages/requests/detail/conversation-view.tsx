import { Bot, Hammer, Settings2, UserRound, type LucideIcon } from 'lucide-react'
import { Badge } from '@/components/badge'
import { Disclosure } from '@/components/disclosure'
import { cn } from '@/design/class-names'
import type { Conversation, Part, Turn } from '../conversation'
import type { Detail } from '../queries'
import { Parameters } from './parameters'
import { Picture } from './picture'
import { Sound } from './sound'

interface ConversationViewProps {
  conversation: Conversation
  bodies: NonNullable<Detail['bodies']>
}

export function ConversationView({ conversation, bodies }: ConversationViewProps) {
  const { asked, answered, tools, parameters, error } = conversation
  const several = answered.length > 1
  return (
    <div className="grid gap-4">
      <Parameters parameters={parameters} tools={tools} />
      <ol className="grid gap-4" aria-label="Conversation">
        {asked.map((turn, index) => (
          <TurnView key={index} turn={turn} />
        ))}
        {answered.map((turn, index) => (
          <TurnView key={`answer-${index}`} turn={turn} answer={several ? `Answer ${index + 1}` : 'Answer'} />
        ))}
      </ol>
      {error !== undefined && (
        <p role="alert" className="rounded-md bg-bad-well px-3 py-2 text-bad">
          {error}
        </p>
      )}
      {answered.length === 0 && error === undefined && <p className="text-soft">Nothing was answered.</p>}
      {(bodies.request.truncated || bodies.response.truncated) && (
        <p className="text-xs text-warn">Only the beginning of it is kept.</p>
      )}
    </div>
  )
}

const ICONS: Record<string, LucideIcon> = {
  system: Settings2,
  developer: Settings2,
  user: UserRound,
  tool: Hammer,
}

function TurnView({ turn, answer }: { turn: Turn; answer?: string }) {
  const Icon = ICONS[turn.role] ?? Bot
  return (
    <li className="flex gap-3">
      <span
        className={cn(
          'mt-0.5 flex size-6 shrink-0 items-center justify-center rounded-md border border-line text-faint [&_svg]:size-3.5',
          answer !== undefined && 'border-accent text-accent',
        )}
      >
        <Icon aria-hidden />
      </span>
      <div className="min-w-0 flex-1">
        <p className="mb-1 flex items-center gap-2 text-xs text-faint">
          <span className="font-medium capitalize">{turn.role}</span>
          {answer !== undefined && <Badge tone="note">{answer}</Badge>}
          {turn.note !== undefined && <span>ended with {turn.note}</span>}
        </p>
        <div className="grid gap-2">
          {turn.parts.map((part, index) => (
            <PartView key={index} part={part} />
          ))}
          {turn.parts.length === 0 && <p className="text-faint">Nothing.</p>}
        </div>
      </div>
    </li>
  )
}

const BOX = 'rounded-lg border border-line bg-sunken px-3 py-2'
const TEXT = 'break-words whitespace-pre-wrap'

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case 'text':
      return <p className={cn('text-base', TEXT)}>{part.text}</p>
    case 'thinking':
      return (
        <Disclosure className={BOX} summary="Thinking" summaryClassName="text-soft hover:text-ink">
          <p className={cn('mt-2 text-soft', TEXT)}>{part.text}</p>
        </Disclosure>
      )
    case 'refusal':
      return <p className={cn('text-bad', TEXT)}>{part.text}</p>
    case 'image':
      return <Picture source={part.source} alt="What was sent" />
    case 'audio':
      return <Spoken source={part.source} transcript={part.text} />
    case 'call':
      return <Boxed title={`Calls ${part.name}`} id={part.id} content={part.input} />
    case 'result':
      return <Boxed title="Result" id={part.id} content={part.text} />
    case 'other':
      return <Boxed title={part.name} id="" content={part.json} />
  }
}

function Spoken({ source, transcript }: { source: string; transcript: string }) {
  return (
    <div className="grid gap-2">
      {source !== '' && <Sound source={source} label="A sound" />}
      {transcript !== '' && <p className={cn('text-base', TEXT)}>{transcript}</p>}
    </div>
  )
}

function Boxed({ title, id, content }: { title: string; id: string; content: string }) {
  return (
    <div className={BOX}>
      <p className="flex flex-wrap items-center gap-2 text-xs text-soft">
        <span className="font-medium">{title}</span>
        {id !== '' && <code className="font-mono text-faint">{id}</code>}
      </p>
      <pre
        tabIndex={0}
        role="region"
        aria-label={title}
        className="mt-1.5 max-h-80 overflow-auto font-mono text-xs leading-5 whitespace-pre-wrap"
      >
        {content}
      </pre>
    </div>
  )
}

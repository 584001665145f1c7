import { Status } from '@/components/badge'
import { plural } from '@/format/number'
import type { Tail } from './use-tail'

const STATES = {
  connecting: { tone: 'warn', word: 'Connecting…' },
  live: { tone: 'good', word: 'Live' },
  paused: { tone: 'neutral', word: 'Paused' },
  failed: { tone: 'bad', word: 'Stopped' },
} as const

/** Whether requests arrive, and how many have. */
export function TailStatus({ tail }: { tail: Tail }) {
  const { tone, word } = STATES[tail.state]
  return (
    <p className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs" role="status">
      <Status tone={tone}>{word}</Status>
      <span className="text-faint">
        {tail.message ??
          (tail.state === 'paused'
            ? 'What arrives meanwhile is shown when you resume.'
            : tail.entries.length === 0
              ? 'Requests appear as they end.'
              : `${plural(tail.entries.length, 'request')} since you began to watch`)}
      </span>
      {tail.skipped && (
        <span className="text-warn">More arrived than are shown. Narrow it with filters.</span>
      )}
    </p>
  )
}

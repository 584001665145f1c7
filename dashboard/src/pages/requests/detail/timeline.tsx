/** When each attempt began and ended, and when the client had its first byte. */
import { Badge } from '@/components/badge'
import { ProviderMark } from '@/components/provider-mark'
import { Figure } from '@/components/values'
import { milliseconds } from '@/format/number'
import { unknown } from '../parts'
import type { Attempt, Detail } from '../queries'

export function Timeline({ request }: { request: Detail }) {
  const { attempts, first_byte_ms: firstByte } = request
  const total = Math.max(request.duration_ms ?? 0, ...attempts.map(endOf), 1)
  if (request.state === 'open') return <p className="text-soft">It is under way.</p>
  return (
    <ol className="divide-y divide-line rounded-lg border border-line">
      {attempts.length === 0 && (
        <li className="px-3 py-2 text-soft">
          {request.cache === 'hit' || request.cache === 'coalesced'
            ? 'No provider was asked: the answer was a kept one.'
            : 'No provider was asked.'}
        </li>
      )}
      {attempts.map((attempt, index) => (
        <li key={index} className="grid gap-1.5 px-3 py-2">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="text-faint tabular-nums">{index + 1}</span>
            <span className="min-w-0 truncate font-medium">{attempt.deployment?.name ?? 'Deleted'}</span>
            {attempt.endpoint !== null && (
              <span className="inline-flex min-w-0 items-center gap-1.5 text-soft">
                {attempt.endpoint.name != null && <ProviderMark small name={attempt.endpoint.name} />}
                <span className="truncate">{attempt.endpoint.name ?? 'Deleted'}</span>
              </span>
            )}
            <Came attempt={attempt} />
            <span className="ml-auto text-soft">
              {attempt.started_ms === null ? null : (
                <>
                  began after <Figure value={milliseconds(attempt.started_ms)} />, took{' '}
                </>
              )}
              {attempt.duration_ms === null ? unknown : <Figure value={milliseconds(attempt.duration_ms)} />}
            </span>
          </div>
          <Bar
            from={(attempt.started_ms ?? 0) / total}
            to={endOf(attempt) / total}
            good={attempt.error === null && (attempt.status ?? 500) < 400}
            mark={firstByte === null || index < attempts.length - 1 ? undefined : firstByte / total}
          />
        </li>
      ))}
      <li className="flex flex-wrap gap-x-4 px-3 py-2 text-soft">
        <span>First byte {firstByte === null ? unknown : <Figure value={milliseconds(firstByte)} />}</span>
        <span>
          End {request.duration_ms === null ? unknown : <Figure value={milliseconds(request.duration_ms)} />}
        </span>
      </li>
    </ol>
  )
}

function Came({ attempt }: { attempt: Attempt }) {
  if (attempt.error !== null) return <Badge tone="bad">{attempt.error}</Badge>
  if (attempt.status === null) return null
  return <Badge tone={attempt.status < 400 ? 'good' : 'bad'}>{attempt.status}</Badge>
}

interface BarProps {
  /** Fractions of the whole. */
  from: number
  to: number
  good: boolean
  /** The first byte. */
  mark: number | undefined
}

function Bar({ from, to, good, mark }: BarProps) {
  return (
    <svg viewBox="0 0 1000 8" preserveAspectRatio="none" className="h-2 w-full rounded-sm" aria-hidden>
      <rect width="1000" height="8" fill="var(--line)" />
      <rect
        x={from * 1000}
        width={Math.max((to - from) * 1000, 4)}
        height="8"
        fill={good ? 'var(--chart-1)' : 'var(--chart-bad)'}
      />
      {mark !== undefined && <rect x={mark * 1000} width="3" height="8" fill="var(--ink)" />}
    </svg>
  )
}

function endOf({ started_ms, duration_ms }: Attempt): number {
  return (started_ms ?? 0) + (duration_ms ?? 0)
}

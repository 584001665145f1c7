/** How something fared, a bar for each stretch of time, oldest first. */
import type { Schema } from '@/api/client'
import { cn } from '@/design/class-names'
import { percentage, plural } from '@/format/number'
import { exactTime } from '@/format/time'

type Bucket = Schema['Bucket']

/** All that was asked succeeded, some of it, or none; or nothing was asked. */
export type Fare = 'none' | 'up' | 'shaken' | 'down'

export function fareOf({ runs, failed_runs }: Pick<Bucket, 'runs' | 'failed_runs'>): Fare {
  if (runs === 0) return 'none'
  if (failed_runs === 0) return 'up'
  return failed_runs === runs ? 'down' : 'shaken'
}

const COLOURS: Record<Fare, string> = {
  none: 'bg-line',
  up: 'bg-chart-good',
  shaken: 'bg-chart-warn',
  down: 'bg-chart-bad',
}

interface UptimeBarsProps {
  /** Whose they are, for those who cannot see them. */
  label: string
  buckets: readonly Bucket[]
  seconds: number
  uptime: number | null
  className?: string
}

export function UptimeBars({ label, buckets, seconds, uptime, className }: UptimeBarsProps) {
  const summary = uptime === null ? 'not checked yet' : `${percentage(uptime).shown} of the checks succeeded`
  return (
    <div
      role="img"
      aria-label={`${label}: ${summary}`}
      className={cn('flex h-8 gap-px sm:gap-0.5', className)}
    >
      {buckets.map((bucket) => (
        <span
          key={bucket.start}
          title={said(bucket, seconds)}
          className="flex min-w-0 flex-1 items-end hover:opacity-70"
        >
          {/* A failure is lower, too: colour alone says nothing. */}
          <span className={cn('w-full rounded-sm', COLOURS[fareOf(bucket)], HEIGHTS[fareOf(bucket)])} />
        </span>
      ))}
    </div>
  )
}

const HEIGHTS: Record<Fare, string> = { none: 'h-1', up: 'h-full', shaken: 'h-3/4', down: 'h-1/2' }

function said(bucket: Bucket, seconds: number): string {
  const start = Date.parse(bucket.start)
  const runs =
    bucket.runs === 0
      ? 'no checks'
      : `${plural(bucket.failed_runs, 'failure')} in ${plural(bucket.runs, 'check')}`
  return `${exactTime(start)} – ${exactTime(start + seconds * 1000)}: ${runs}`
}

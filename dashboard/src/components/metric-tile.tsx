/** One figure of many, with how it was before. */
import type { ReactNode } from 'react'
import { cn } from '@/design/class-names'
import type { Formatted } from '@/format/number'
import { Skeleton } from './page'
import { Figure } from './values'

interface MetricTileProps {
  label: string
  /** `undefined` while it is loaded. */
  value: Formatted | undefined
  /** Against the period before, as a fraction: 0.12 is 12% more. */
  change?: number | null
  /** Whether more is better; where it is neither, the change has no colour. */
  better?: 'more' | 'less'
  /** A line beneath, or a sparkline. */
  children?: ReactNode
}

export function MetricTile({ label, value, change, better, children }: MetricTileProps) {
  return (
    <dl className="min-w-0 rounded-lg border border-line bg-surface px-4 py-3 shadow-raised">
      <dt className="truncate text-xs text-faint">{label}</dt>
      <dd className="mt-1 flex items-baseline gap-2">
        {value === undefined ? (
          <Skeleton className="my-2 h-4 w-20" />
        ) : (
          <span className="text-2xl font-semibold tracking-tight">
            <Figure value={value} />
          </span>
        )}
        {change !== undefined && change !== null && <Change value={change} better={better} />}
      </dd>
      {children !== undefined && <dd className="mt-1 text-xs text-faint">{children}</dd>}
    </dl>
  )
}

function Change({ value, better }: { value: number; better: 'more' | 'less' | undefined }) {
  const up = value >= 0
  const same = Math.abs(value) < 0.0005
  const good = better === undefined || same ? undefined : (better === 'more') === up
  return (
    <span
      className={cn(
        'text-xs tabular-nums',
        good === undefined ? 'text-faint' : good ? 'text-good' : 'text-bad',
      )}
    >
      {same ? '±' : up ? '+' : '−'}
      {Math.abs(value * 100).toFixed(Math.abs(value) < 0.1 ? 1 : 0)}%
      <span className="sr-only"> against the period before</span>
    </span>
  )
}

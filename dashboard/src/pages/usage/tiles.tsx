/** The figures at the head of the page. */
import { useQuery } from '@tanstack/react-query'
import { changeOf } from '@/components/chart'
import { MetricTile } from '@/components/metric-tile'
import { ErrorState } from '@/components/page'
import { count, money } from '@/format/number'
import type { Days } from './period'
import { projectionOptions, totalsOptions } from './queries'

/** Keeps the line's room. */
const NOTHING = '\u00a0'

export function Tiles({ days, now }: { days: Days; now: number }) {
  const totals = useQuery(totalsOptions(days))
  const projection = useQuery(projectionOptions(now))
  const failed = totals.isError ? totals : projection.isError ? projection : undefined
  if (failed !== undefined) {
    return (
      <div className="mb-3 rounded-lg border border-line bg-surface">
        <ErrorState error={failed.error} retry={() => void failed.refetch()} />
      </div>
    )
  }
  const row = totals.data
  const before = row?.previous
  const counted = (value: number | undefined) => (totals.isPending ? undefined : count(value ?? 0))
  return (
    <div className="mb-3 grid grid-cols-2 gap-3 lg:grid-cols-5">
      <MetricTile
        label="Cost"
        value={totals.isPending ? undefined : money(row?.cost ?? '0')}
        change={changeOf(Number(row?.cost ?? 0), Number(before?.cost ?? 0))}
        better="less"
      >
        {row && row.unpriced_requests > 0
          ? `${count(row.unpriced_requests).shown} requests without a price`
          : NOTHING}
      </MetricTile>
      <MetricTile
        label="Projected for this month"
        value={projection.data === undefined ? undefined : money(projection.data.projected.toFixed(4))}
      >
        {/* As long before the amount is there: it may take two lines. */}
        {projection.data === undefined ? '…' : money(projection.data.spent.toFixed(4)).shown} so far, then the
        pace of the last 7 days
      </MetricTile>
      <MetricTile
        label="Requests"
        value={counted(row?.requests)}
        change={changeOf(row?.requests, before?.requests)}
      />
      <MetricTile
        label="Tokens in"
        value={counted(row?.input_tokens)}
        change={changeOf(row?.input_tokens, before?.input_tokens)}
      >
        {row ? `${count(row.cached_input_tokens).shown} cached by providers` : NOTHING}
      </MetricTile>
      {/* The last of five takes the room of two, where there are two in a row. */}
      <div className="grid max-lg:col-span-2">
        <MetricTile
          label="Tokens out"
          value={counted(row?.output_tokens)}
          change={changeOf(row?.output_tokens, before?.output_tokens)}
        >
          {row ? `${count(row.reasoning_tokens).shown} of reasoning` : NOTHING}
        </MetricTile>
      </div>
    </div>
  )
}

/** The figures at the head of the page. */
import { useQuery } from '@tanstack/react-query'
import { changeOf } from '@/components/chart'
import { MetricTile } from '@/components/metric-tile'
import { ErrorState } from '@/components/page'
import { count, milliseconds, money, percentage, type Formatted } from '@/format/number'
import { hasPercentiles, statusesOptions, totalsOptions, type Figures, type Row, type Scope } from './queries'

/** Keeps the line's room. */
const NOTHING = '\u00a0'
const NONE: Formatted = { shown: '—', exact: '—' }

export function Tiles({ scope }: { scope: Scope }) {
  const totals = useQuery(totalsOptions(scope))
  const statuses = useQuery(statusesOptions(scope))
  const failed = totals.isError ? totals : statuses.isError ? statuses : undefined
  if (failed !== undefined) {
    return (
      <div className="mb-3 rounded-lg border border-line bg-surface">
        <ErrorState error={failed.error} retry={() => void failed.refetch()} />
      </div>
    )
  }
  const row = totals.data
  const loading = totals.isPending
  const before = row?.previous
  const sum = (of: (figures: Figures) => number) => (loading ? undefined : count(row ? of(row) : 0))
  const change = (of: (figures: Figures) => number) =>
    row && before != null ? changeOf(of(row), of(before)) : null
  const median = hasPercentiles(scope)
  const latency = row?.latency_ms
  const first = row?.first_token_ms
  return (
    <div className="mb-3 grid grid-cols-2 gap-3 lg:grid-cols-4">
      <MetricTile label="Requests" value={sum((f) => f.requests)} change={change((f) => f.requests)}>
        {statuses.data === undefined ? NOTHING : failures(statuses.data)}
      </MetricTile>
      <MetricTile label="Tokens in" value={sum((f) => f.input_tokens)} change={change((f) => f.input_tokens)}>
        {row ? `${count(row.cached_input_tokens).shown} cached by providers` : NOTHING}
      </MetricTile>
      <MetricTile
        label="Tokens out"
        value={sum((f) => f.output_tokens)}
        change={change((f) => f.output_tokens)}
      >
        {row ? `${count(row.reasoning_tokens).shown} of reasoning` : NOTHING}
      </MetricTile>
      <MetricTile
        label="Cost"
        value={loading ? undefined : row?.cost == null ? NONE : money(row.cost)}
        change={change((f) => Number(f.cost ?? 0))}
        better="less"
      >
        {row ? `${count(row.unpriced_requests).shown} without a price` : NOTHING}
      </MetricTile>
      <MetricTile
        label={median ? 'Latency, median' : 'Latency, average'}
        value={loading ? undefined : shownMs(median ? latency?.p50 : row?.avg_latency_ms)}
        change={
          median
            ? changeOf(latency?.p50, before?.latency_ms?.p50)
            : changeOf(row?.avg_latency_ms, before?.avg_latency_ms)
        }
        better="less"
      >
        {tail(latency)}
      </MetricTile>
      <MetricTile
        label="First token, median"
        value={loading ? undefined : shownMs(first?.p50)}
        change={changeOf(first?.p50, before?.first_token_ms?.p50)}
        better="less"
      >
        {tail(first)}
      </MetricTile>
      <MetricTile
        label="Given from kept answers"
        value={loading ? undefined : shownRate(row?.response_cache_hit_rate)}
        change={changeOf(row?.response_cache_hit_rate, before?.response_cache_hit_rate)}
        better="more"
      >
        {row ? `${count(row.response_cache_hits + row.response_cache_coalesced).shown} requests` : NOTHING}
      </MetricTile>
      <MetricTile
        label="Saved by kept answers"
        value={loading ? undefined : money(row?.saved_cost ?? '0')}
        change={change((f) => Number(f.saved_cost))}
        better="more"
      >
        {row ? `${count(row.saved_input_tokens + row.saved_output_tokens).shown} tokens` : NOTHING}
      </MetricTile>
    </div>
  )
}

function failures(statuses: readonly Row[]): string {
  const all = statuses.reduce((sum, { requests }) => sum + requests, 0)
  const bad = statuses.reduce(
    (sum, { status, requests }) => sum + (status == null || status >= 400 ? requests : 0),
    0,
  )
  return all === 0 ? NOTHING : `${count(bad).shown} failed (${percentage((bad / all) * 100).shown})`
}

function tail(known: { p95: number; p99: number } | null | undefined): string {
  return known == null
    ? NOTHING
    : `p95 ${milliseconds(known.p95).shown} · p99 ${milliseconds(known.p99).shown}`
}

function shownMs(value: number | null | undefined): Formatted {
  return value == null ? NONE : milliseconds(value)
}

function shownRate(value: number | null | undefined): Formatted {
  return value == null ? NONE : percentage(value * 100)
}

/** The figures of a model over a stretch of time. */
import { useQuery } from '@tanstack/react-query'
import { ErrorState } from '@/components/page'
import { MetricTile } from '@/components/metric-tile'
import { Segments } from '@/design/tabs'
import { count, milliseconds, money, plural, type Formatted } from '@/format/number'
import { totalsOptions, type Figures, type Model } from '../queries'
import { RANGE_OPTIONS, type Range } from '../search'
import { change } from './figures'
import { TrafficCharts } from './traffic-charts'
import { UserCharts } from './user-charts'
import { Users } from './users'

interface TrafficProps {
  model: Model
  range: Range
  onRange: (range: Range) => void
}

export function Traffic({ model, range, onRange }: TrafficProps) {
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-base font-medium">Traffic</h2>
        <Segments label="Time range" value={range} onChange={onRange} options={RANGE_OPTIONS} />
      </div>
      <Totals model={model} range={range} />
      <TrafficCharts model={model} range={range} />
      <UserCharts model={model} range={range} />
      <Users model={model} range={range} />
    </>
  )
}

const NOTHING: Formatted = { shown: '—', exact: '—' }

function Totals({ model, range }: { model: Model; range: Range }) {
  const totals = useQuery(totalsOptions(model.alias, range))
  if (totals.isError && totals.data === undefined) {
    return <ErrorState error={totals.error} retry={() => void totals.refetch()} />
  }
  const now = totals.data
  const loaded = now !== undefined
  const before = now?.previous
  const tokens = (figures: Pick<Figures, 'input_tokens' | 'output_tokens'> | null | undefined) =>
    figures == null ? 0 : figures.input_tokens + figures.output_tokens
  const time = (value: number | undefined) => (value === undefined ? NOTHING : milliseconds(value))
  const shown = (value: () => Formatted) => (loaded ? value() : undefined)
  return (
    <div className="grid grid-cols-2 gap-3 lg:grid-cols-5 max-lg:[&>:last-child]:col-span-2">
      <MetricTile
        label="Requests"
        value={shown(() => count(now?.requests ?? 0))}
        change={change(now?.requests, before?.requests)}
      />
      <MetricTile
        label="Tokens"
        value={shown(() => count(tokens(now)))}
        change={change(tokens(now), tokens(before))}
      >
        {`${count(now?.input_tokens ?? 0).shown} in, ${count(now?.output_tokens ?? 0).shown} out`}
      </MetricTile>
      <MetricTile
        label="Cost"
        value={shown(() => (now?.cost == null ? NOTHING : money(now.cost)))}
        change={change(asNumber(now?.cost), asNumber(before?.cost))}
        better="less"
      >
        {now?.unpriced_requests ? `${plural(now.unpriced_requests, 'request')} without a price` : ' '}
      </MetricTile>
      <MetricTile
        label="Latency, median"
        value={shown(() => time(now?.latency_ms?.p50))}
        change={change(now?.latency_ms?.p50, before?.latency_ms?.p50)}
        better="less"
      >
        {now?.latency_ms == null ? ' ' : `p95 ${milliseconds(now.latency_ms.p95).shown}`}
      </MetricTile>
      <MetricTile
        label="First token, median"
        value={shown(() => time(now?.first_token_ms?.p50))}
        change={change(now?.first_token_ms?.p50, before?.first_token_ms?.p50)}
        better="less"
      >
        {now?.first_token_ms == null ? 'Of streams' : `p95 ${milliseconds(now.first_token_ms.p95).shown}`}
      </MetricTile>
    </div>
  )
}

function asNumber(amount: string | null | undefined): number | null {
  return amount == null ? null : Number(amount)
}

/** The charts of the page. */
import { useQuery } from '@tanstack/react-query'
import { ChartFrame, SeriesChart } from '@/components/chart'
import { bucketName } from '@/format/time'
import {
  cacheChart,
  costChart,
  firstTokenChart,
  isEmpty,
  latencyChart,
  statusChart,
  tableOf,
  tokensChart,
  type Chart,
} from './charts'
import type { Period } from './period'
import { hasPercentiles, seriesOptions, statusSeriesOptions, type Scope } from './queries'

const DAY_MS = 86_400_000

export function Panels({ scope }: { scope: Scope }) {
  const { period } = scope
  const series = useQuery(seriesOptions(scope))
  const byStatus = useQuery(statusSeriesOptions(scope))
  const rows = series.data ?? []
  const percentiles = hasPercentiles(scope) && period.unit !== 'minute'
  const charts = [
    statusChart(period, byStatus.data ?? [], rows),
    tokensChart(period, rows),
    latencyChart(period, rows, percentiles),
    ...(percentiles ? [firstTokenChart(period, rows)] : []),
    costChart(period, rows),
    cacheChart(period, rows),
  ]
  const failed = series.isError ? series : byStatus.isError ? byStatus : undefined
  const pending = series.isPending || byStatus.isPending
  const state = (chart: Chart) => {
    if (failed !== undefined) return { error: failed.error, retry: () => void failed.refetch() }
    return pending ? 'loading' : isEmpty(chart) ? 'empty' : 'ready'
  }
  return (
    <div className="mb-6 grid gap-3 lg:grid-cols-2 2xl:grid-cols-3">
      {charts.map((chart) => (
        <Panel key={chart.title} chart={chart} period={period} state={state(chart)} />
      ))}
    </div>
  )
}

interface PanelProps {
  chart: Chart
  period: Period
  state: Parameters<typeof ChartFrame>[0]['state']
}

function Panel({ chart, period, state = 'ready' }: PanelProps) {
  const { unit } = period
  const short = period.end - period.start <= DAY_MS
  const name = (at: number) => bucketName(at, unit)
  return (
    <ChartFrame
      title={chart.title}
      description={chart.description}
      series={chart.series}
      table={tableOf(chart, name)}
      state={state}
    >
      <SeriesChart
        points={chart.points}
        series={chart.series}
        stacked={chart.stacked}
        formatValue={(value) => chart.format(value).shown}
        formatTick={(at) => bucketName(at, unit, short)}
        formatTime={name}
      />
    </ChartFrame>
  )
}

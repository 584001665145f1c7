/** The charts of the page. */
import { useQuery } from '@tanstack/react-query'
import { isEmpty, type Chart } from '@/components/chart'
import { TimeChart } from '@/components/chart/time-chart'
import { cacheChart, costChart, firstTokenChart, latencyChart, statusChart, tokensChart } from './charts'
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
        <TimeChart
          key={chart.title}
          chart={chart}
          unit={period.unit}
          short={period.end - period.start <= DAY_MS}
          state={state(chart)}
        />
      ))}
    </div>
  )
}

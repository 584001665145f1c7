/** The charts of the page. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { isEmpty, type Chart } from '@/components/chart'
import { TimeChart } from '@/components/chart/time-chart'
import {
  busiestChart,
  cacheChart,
  costChart,
  firstTokenChart,
  latencyChart,
  statusChart,
  tokensChart,
} from './charts'
import {
  busiestOptions,
  hasPercentiles,
  seriesOptions,
  statusSeriesOptions,
  type Row,
  type Scope,
} from './queries'

const DAY_MS = 86_400_000
type Rows = UseQueryResult<Row[]>

export function Panels({ scope }: { scope: Scope }) {
  const { period, filters } = scope
  const minutes = period.unit === 'minute'
  // The server has no sums of people by the minute.
  const showsUsers = !minutes && filters.user_id === undefined && filters.key_id === undefined
  const showsModels = filters.model === undefined
  const series = useQuery(seriesOptions(scope))
  const byStatus = useQuery(statusSeriesOptions(scope))
  const models = useQuery({ ...busiestOptions(scope, 'model'), enabled: showsModels })
  const users = useQuery({ ...busiestOptions(scope, 'user'), enabled: showsUsers })
  const rows = series.data ?? []
  const percentiles = hasPercentiles(scope) && !minutes
  const charts: (readonly [chart: Chart, ...of: Rows[]])[] = [
    [statusChart(period, byStatus.data ?? [], rows), byStatus, series],
    [tokensChart(period, rows), series],
    ...(showsModels
      ? [[busiestChart(period, 'model', models.data ?? [], rows), models, series] as const]
      : []),
    ...(showsUsers ? [[busiestChart(period, 'user', users.data ?? [], rows), users, series] as const] : []),
    [latencyChart(period, rows, percentiles), series],
    ...(percentiles ? [[firstTokenChart(period, rows), series] as const] : []),
    [costChart(period, rows), series],
    [cacheChart(period, rows), series],
  ]
  return (
    <div className="mb-6 grid gap-3 lg:grid-cols-2 2xl:grid-cols-3 min-[140rem]:grid-cols-4">
      {charts.map(([chart, ...of]) => (
        <TimeChart
          key={chart.title}
          chart={chart}
          unit={period.unit}
          short={period.end - period.start <= DAY_MS}
          state={stateOf(chart, of)}
        />
      ))}
    </div>
  )
}

function stateOf(chart: Chart, queries: readonly Rows[]) {
  const failed = queries.find(({ isError }) => isError)
  if (failed !== undefined) return { error: failed.error, retry: () => void failed.refetch() }
  if (queries.some(({ isPending }) => isPending)) return 'loading'
  return isEmpty(chart) ? 'empty' : 'ready'
}

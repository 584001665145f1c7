import { useQuery } from '@tanstack/react-query'
import { isEmpty, type Chart, type Series } from '@/components/chart'
import { TimeChart } from '@/components/chart/time-chart'
import { count, milliseconds } from '@/format/number'
import { seriesOptions, type Model } from '../queries'
import type { Range } from '../search'
import { points, unitOf } from './figures'

const CHARTS: readonly Omit<Chart, 'points'>[] = [
  {
    title: 'Requests',
    description: 'Whatever came of them',
    series: [{ key: 'requests', name: 'Requests', colour: '1' }],
    stacked: false,
    format: count,
  },
  {
    title: 'Tokens',
    description: 'Of prompts and of answers',
    series: [
      { key: 'input', name: 'In', colour: '1' },
      { key: 'output', name: 'Out', colour: '2' },
    ],
    stacked: false,
    format: count,
  },
  {
    title: 'Latency',
    description: 'From admission to the end of the answer',
    series: percentiles('latency'),
    stacked: false,
    format: milliseconds,
  },
  {
    title: 'Time to first token',
    description: 'Of streams, from admission to the first byte',
    series: percentiles('first'),
    stacked: false,
    format: milliseconds,
  },
]

function percentiles(of: string): Series[] {
  return [
    { key: `${of}50`, name: 'p50', colour: '1' },
    { key: `${of}95`, name: 'p95', colour: '3' },
    { key: `${of}99`, name: 'p99', colour: '4' },
  ]
}

export function TrafficCharts({ model, range }: { model: Model; range: Range }) {
  const query = useQuery(seriesOptions(model.alias, range))
  const all = query.data === undefined ? [] : points(query.data.rows, query.data.asked)
  const stateOf = (chart: Chart) => {
    if (query.data !== undefined) return isEmpty(chart) ? 'empty' : 'ready'
    return query.isError ? { error: query.error, retry: () => void query.refetch() } : 'loading'
  }
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      {CHARTS.map((each) => {
        const chart = { ...each, points: all }
        return (
          <TimeChart
            key={chart.title}
            chart={chart}
            unit={unitOf(range)}
            short={range === '24h'}
            state={stateOf(chart)}
          />
        )
      })}
    </div>
  )
}

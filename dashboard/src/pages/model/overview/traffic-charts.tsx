import { useQuery } from '@tanstack/react-query'
import { ChartFrame, SeriesChart, type ChartTable, type Point, type Series } from '@/components/chart'
import { count, milliseconds } from '@/format/number'
import { exactTime } from '@/format/time'
import { seriesOptions, type Model } from '../queries'
import type { Range } from '../search'
import { axisTime, points } from './figures'

interface Chart {
  title: string
  series: readonly Series[]
  stacked?: boolean
  format: (value: number) => string
}

const whole = (value: number) => count(value).shown
const time = (value: number) => milliseconds(value).shown

const CHARTS: readonly Chart[] = [
  { title: 'Requests', series: [{ key: 'requests', name: 'Requests', colour: '1' }], format: whole },
  {
    title: 'Tokens',
    series: [
      { key: 'input', name: 'In', colour: '1' },
      { key: 'output', name: 'Out', colour: '2' },
    ],
    stacked: true,
    format: whole,
  },
  { title: 'Time to answer', series: percentiles('latency'), format: time },
  { title: 'Time to first token', series: percentiles('first'), format: time },
]

function percentiles(of: string): Series[] {
  return [
    { key: `${of}50`, name: '50%', colour: '1' },
    { key: `${of}95`, name: '95%', colour: '2' },
    { key: `${of}99`, name: '99%', colour: '3' },
  ]
}

export function TrafficCharts({ model, range }: { model: Model; range: Range }) {
  const query = useQuery(seriesOptions(model.alias, range))
  const all = query.data === undefined ? [] : points(query.data.rows, query.data.asked)
  const unit = range === '30d' ? 'day' : 'hour'
  const stateOf = (chart: Chart) => {
    if (query.data !== undefined) {
      return chart.series.some(({ key }) => all.some((point) => point[key])) ? 'ready' : 'empty'
    }
    return query.isError ? { error: query.error, retry: () => void query.refetch() } : 'loading'
  }
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      {CHARTS.map((chart) => (
        <ChartFrame
          key={chart.title}
          title={chart.title}
          description={describe(chart, unit)}
          series={chart.series}
          table={tableOf(chart, all)}
          state={stateOf(chart)}
        >
          <SeriesChart
            points={all}
            series={chart.series}
            stacked={chart.stacked ?? false}
            formatValue={chart.format}
            formatTick={axisTime(range)}
            formatTime={exactTime}
          />
        </ChartFrame>
      ))}
    </div>
  )
}

function describe(chart: Chart, unit: 'hour' | 'day'): string {
  const names = chart.series.map((each) => each.name)
  const by = `by the ${unit}${unit === 'day' ? ' (UTC)' : ''}`
  if (names.length === 1) return capital(by)
  return chart.stacked === true
    ? `${names.join(' and ')}, ${by}`
    : `${names.join(', ')} of the requests within, ${by}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function tableOf(chart: Chart, all: readonly Point[]): ChartTable {
  return {
    head: ['Time', ...chart.series.map((each) => each.name)],
    rows: all
      .toReversed()
      .map((point) => [
        exactTime(point.at),
        ...chart.series.map(({ key }) => (point[key] == null ? '—' : chart.format(point[key]))),
      ]),
  }
}

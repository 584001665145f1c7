import { useQuery } from '@tanstack/react-query'
import { ChartFrame, SeriesChart, type ChartTable } from '@/components/chart'
import { ErrorState } from '@/components/page'
import { count, milliseconds } from '@/format/number'
import { exactTime } from '@/format/time'
import { seriesOptions, type Model } from '../queries'
import type { Range } from '../search'
import { axisTime, points, type Point } from './figures'

interface Chart {
  title: string
  series: readonly { key: string; name: string }[]
  stacked?: boolean
  format: (value: number) => string
}

const whole = (value: number) => count(value).shown
const time = (value: number) => milliseconds(value).shown

const CHARTS: readonly Chart[] = [
  { title: 'Requests', series: [{ key: 'requests', name: 'Requests' }], format: whole },
  {
    title: 'Tokens',
    series: [
      { key: 'input', name: 'In' },
      { key: 'output', name: 'Out' },
    ],
    stacked: true,
    format: whole,
  },
  { title: 'Time to answer', series: percentiles('latency'), format: time },
  { title: 'Time to first token', series: percentiles('first'), format: time },
]

function percentiles(of: string) {
  return [50, 95, 99].map((percent) => ({ key: `${of}${percent}`, name: `${percent}%` }))
}

export function TrafficCharts({ model, range }: { model: Model; range: Range }) {
  const query = useQuery(seriesOptions(model.alias, range))
  if (query.isError && query.data === undefined) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  const all = query.data === undefined ? [] : points(query.data.rows, query.data.asked)
  const unit = range === '30d' ? 'day' : 'hour'
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      {CHARTS.map((chart) => (
        <ChartFrame
          key={chart.title}
          title={chart.title}
          description={describe(chart, unit)}
          table={tableOf(chart, all)}
          height={200}
        >
          {query.data === undefined ? (
            <div className="size-full animate-breathe rounded-md bg-sunken" />
          ) : !chart.series.some(({ key }) => all.some((point) => point[key])) ? (
            <p className="flex size-full items-center justify-center text-faint">Nothing in this time.</p>
          ) : (
            <SeriesChart
              points={all}
              series={chart.series}
              stacked={chart.stacked ?? false}
              formatValue={chart.format}
              formatTime={axisTime(range)}
            />
          )}
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
        exactTime(point.at ?? 0),
        ...chart.series.map(({ key }) => (point[key] === undefined ? '—' : chart.format(point[key]))),
      ]),
  }
}

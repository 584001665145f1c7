/** A chart over time in its frame. */
import { bucketName, tickName, type Unit } from '@/format/time'
import { tableOf, type Chart } from './chart'
import { ChartFrame } from './chart-frame'
import { SeriesChart } from './index'

interface TimeChartProps {
  chart: Chart
  /** What a bucket of time is. */
  unit: Unit
  /** All of it is near: ticks say no day. */
  short?: boolean
  state: Parameters<typeof ChartFrame>[0]['state']
}

export function TimeChart({ chart, unit, short, state = 'ready' }: TimeChartProps) {
  const name = (at: number) => bucketName(at, unit)
  return (
    <ChartFrame
      title={chart.title}
      description={chart.description}
      series={chart.series}
      table={tableOf(chart, name)}
      named={chart.named}
      state={state}
    >
      <SeriesChart
        points={chart.points}
        series={chart.series}
        stacked={chart.stacked}
        formatValue={(value) => chart.format(value).shown}
        formatTick={(at) => tickName(at, unit, short)}
        formatTime={name}
      />
    </ChartFrame>
  )
}

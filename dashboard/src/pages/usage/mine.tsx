/** What the person who is signed in used and spent. */
import { useQuery } from '@tanstack/react-query'
import { isEmpty, type Chart } from '@/components/chart'
import { TimeChart } from '@/components/chart/time-chart'
import { Breakdown } from './breakdown'
import { costChart, tokensChart } from './charts'
import { MyBudgets } from './my-budgets'
import { daysOf, type Range } from './period'
import { seriesOptions, type By, type UsageState } from './queries'
import { Tiles } from './tiles'

interface MineProps {
  state: UsageState
  range: Range
  by: By
  now: number
}

export function Mine({ state, range, by, now }: MineProps) {
  const days = daysOf(range, now)
  return (
    <>
      <Tiles days={days} now={now} />
      <Charts range={range} now={now} />
      <MyBudgets />
      <Breakdown state={state} days={days} by={by} />
    </>
  )
}

function Charts({ range, now }: { range: Range; now: number }) {
  const days = daysOf(range, now)
  const series = useQuery(seriesOptions(days))
  const rows = series.data ?? []
  const state = (chart: Chart) => {
    if (series.isError) return { error: series.error, retry: () => void series.refetch() }
    return series.isPending ? 'loading' : isEmpty(chart) ? 'empty' : 'ready'
  }
  return (
    <div className="mb-3 grid gap-3 lg:grid-cols-2">
      {[costChart(days, rows), tokensChart(days, rows)].map((chart) => (
        <TimeChart key={chart.title} chart={chart} unit="day" state={state(chart)} />
      ))}
    </div>
  )
}

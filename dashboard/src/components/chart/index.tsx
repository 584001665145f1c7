/** Charts. Their library is a file of its own that comes when the first chart is shown. */
import { lazy, Suspense } from 'react'
import type { SeriesChartProps } from './series-chart'

export { ChartFrame, type ChartTable } from './chart-frame'
export type { Point, Series } from './series'
export { Sparkline } from './sparkline'

const Loaded = lazy(() => import('./series-chart').then((module) => ({ default: module.SeriesChart })))

export function SeriesChart(props: SeriesChartProps) {
  return (
    <Suspense fallback={<div className="size-full animate-breathe rounded-md bg-sunken" />}>
      <Loaded {...props} />
    </Suspense>
  )
}

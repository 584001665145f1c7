/** Charts. */
export { changeOf, isEmpty, tableOf, type Chart } from './chart'
export { ChartFrame, type ChartTable } from './chart-frame'
export type { Point, Series } from './series'
export { SeriesChart } from './series-chart'
export { Sparkline } from './sparkline'

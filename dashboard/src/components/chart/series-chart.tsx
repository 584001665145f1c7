/** Lines or stacked areas over time. Recharts comes with it, so load it with `lazy`: see `SeriesChart` in `./index`. */
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
  type DotItemDotProps,
} from 'recharts'
import { colourOf, type Point, type Series } from './series'

export interface SeriesChartProps {
  points: readonly Point[]
  series: readonly Series[]
  stacked?: boolean
  /** Beside the axis. */
  formatValue: (value: number) => string
  /** Beneath the axis. */
  formatTick: (at: number) => string
  /** In what is shown under the pointer. */
  formatTime: (at: number) => string
  formatExact?: (value: number) => string
}

const TICK = { fill: 'var(--ink-faint)', fontSize: 11 }

export function SeriesChart(props: SeriesChartProps) {
  const { points, series, stacked, formatValue, formatTick } = props
  const fill = stacked === true ? 0.85 : series.length > 2 ? 0 : 0.08
  return (
    <ResponsiveContainer width="100%" height="100%">
      <ComposedChart
        data={[...points]}
        margin={{ top: 6, right: 6, bottom: 0, left: 0 }}
        accessibilityLayer={false}
      >
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="at"
          type="number"
          scale="time"
          domain={['dataMin', 'dataMax']}
          tickFormatter={formatTick}
          tick={TICK}
          tickLine={false}
          axisLine={false}
          minTickGap={48}
        />
        <YAxis
          tickFormatter={formatValue}
          tick={TICK}
          tickLine={false}
          axisLine={false}
          width={52}
          tickCount={4}
        />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: 'var(--line-strong)' }}
          content={({ active, label }) => (active ? <Reading {...props} at={Number(label)} /> : null)}
        />
        {series.map((each) =>
          each.dashed === true ? (
            <Line
              key={each.key}
              dataKey={each.key}
              type="linear"
              stroke={colourOf(each)}
              strokeDasharray="4 3"
              strokeWidth={1.25}
              dot={false}
              activeDot={false}
              isAnimationActive={false}
            />
          ) : (
            <Area
              key={each.key}
              dataKey={each.key}
              type="linear"
              stroke={colourOf(each)}
              fill={colourOf(each)}
              fillOpacity={fill}
              // The line of what is on top of a stack would be drawn where there is none of it, too.
              strokeWidth={stacked === true ? 0 : 1.5}
              dot={lonelyDot(points, each)}
              activeDot={{ r: 3 }}
              connectNulls={false}
              isAnimationActive={false}
              {...(stacked === true ? { stackId: 'all' } : {})}
            />
          ),
        )}
      </ComposedChart>
    </ResponsiveContainer>
  )
}

/** A line of one point is nothing to be seen: it gets a dot. */
function lonelyDot(points: readonly Point[], series: Series) {
  const known = (index: number) => points[index]?.[series.key] != null
  return ({ key, cx, cy, index }: DotItemDotProps) => (
    <circle
      key={key}
      cx={cx}
      cy={cy}
      r={known(index) && !known(index - 1) && !known(index + 1) ? 2 : 0}
      fill={colourOf(series)}
    />
  )
}

function Reading({
  points,
  series,
  at,
  formatTime,
  formatValue,
  formatExact = formatValue,
}: SeriesChartProps & { at: number }) {
  const point = points.find((each) => each.at === at)
  if (point === undefined) return null
  return (
    <div className="rounded-md border border-line bg-surface px-2.5 py-2 text-xs shadow-floating">
      <p className="mb-1 font-medium">{formatTime(at)}</p>
      <ul className="grid gap-0.5">
        {series.map((each) => {
          const value = point[each.key]
          return (
            <li key={each.key} className="flex items-center justify-between gap-4">
              <span className="flex items-center gap-1.5 text-soft">
                <svg width="8" height="8" aria-hidden>
                  <circle cx="4" cy="4" r="3.5" fill={colourOf(each)} />
                </svg>
                {each.name}
              </span>
              <span className="tabular-nums">{value == null ? '—' : formatExact(value)}</span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}

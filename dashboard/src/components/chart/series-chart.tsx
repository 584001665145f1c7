/** Lines or stacked areas over time. Recharts comes with it, so load it with `lazy`: see `SeriesChart` in `./index`. */
import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'

export interface Series {
  key: string
  name: string
}

export interface SeriesChartProps {
  /** Each with `at`, in milliseconds, and a number per series. */
  points: readonly Record<string, number>[]
  series: readonly Series[]
  stacked?: boolean
  formatValue: (value: number) => string
  formatTime: (at: number) => string
}

const COLOURS = ['chart-1', 'chart-2', 'chart-3', 'chart-4', 'chart-5', 'chart-6'] as const

export function seriesColour(index: number): string {
  return `var(--${COLOURS[index % COLOURS.length] ?? COLOURS[0]})`
}

export function SeriesChart({ points, series, stacked, formatValue, formatTime }: SeriesChartProps) {
  const tick = { fill: 'var(--ink-faint)', fontSize: 11 }
  return (
    <ResponsiveContainer width="100%" height="100%">
      <AreaChart data={[...points]} margin={{ top: 4, right: 4, bottom: 0, left: 0 }}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="at"
          type="number"
          domain={['dataMin', 'dataMax']}
          tickFormatter={formatTime}
          tick={tick}
          tickLine={false}
          axisLine={false}
          minTickGap={40}
        />
        <YAxis tickFormatter={formatValue} tick={tick} tickLine={false} axisLine={false} width={48} />
        <Tooltip
          isAnimationActive={false}
          labelFormatter={(at) => formatTime(Number(at))}
          formatter={(value) => formatValue(Number(value))}
          contentStyle={{
            background: 'var(--surface)',
            border: '1px solid var(--line)',
            borderRadius: 8,
            fontSize: 12,
            color: 'var(--ink)',
          }}
        />
        {series.map(({ key, name }, index) => (
          <Area
            key={key}
            dataKey={key}
            name={name}
            type="linear"
            stroke={seriesColour(index)}
            fill={seriesColour(index)}
            fillOpacity={stacked === true ? 0.35 : 0.1}
            strokeWidth={1.5}
            isAnimationActive={false}
            {...(stacked === true ? { stackId: 'all' } : {})}
          />
        ))}
      </AreaChart>
    </ResponsiveContainer>
  )
}

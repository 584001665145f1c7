/** Lines or stacked areas over time: SVG that stretches to its room, so that nothing is measured before it is drawn. */
import { useMemo, useState, type PointerEvent } from 'react'
import { cn } from '@/design/class-names'
import { tick } from '@/format/number'
import { across, area, line, nearest, stretches, timeTicks, valueTicks } from './geometry'
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

const DOT = 4
const READ_DOT = 6

export function SeriesChart(props: SeriesChartProps) {
  const { points, series, stacked = false, formatValue, formatTick } = props
  const [read, setRead] = useState<number>()
  const drawing = useMemo(() => draw(points, series, stacked), [points, series, stacked])
  const { times, ticks, x, y } = drawing
  const follow = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect()
    setRead(nearest(times, ((clientX - left) / width) * 100))
  }
  return (
    <div className="grid size-full grid-cols-[3.25rem_1fr] grid-rows-[1fr_1.25rem] pt-2 pr-1.5 text-xs text-faint">
      <div className="relative">
        {ticks.map((value) => (
          <span
            key={value}
            className="absolute right-2 -translate-y-1/2 whitespace-nowrap"
            style={{ top: `${y(value)}%` }}
          >
            {tick(formatValue(value))}
          </span>
        ))}
      </div>
      <div className="relative" onPointerMove={follow} onPointerLeave={() => setRead(undefined)}>
        <svg
          className="absolute size-full overflow-visible"
          viewBox="0 0 100 100"
          preserveAspectRatio="none"
          fill="none"
          data-chart
        >
          {ticks.map((value) => (
            <Stroke key={value} d={`M0,${y(value)}H100`} colour="var(--line)" width={1} />
          ))}
          {drawing.shapes}
          {read !== undefined && <Stroke d={`M${x(read)},0V100`} colour="var(--line-strong)" width={1} />}
          {drawing.dots(read).map(({ key, d, colour, width }) => (
            <Stroke key={key} d={d} colour={colour} width={width} />
          ))}
        </svg>
        {read !== undefined && (
          <div
            className={cn(
              'pointer-events-none absolute top-0 z-10 px-3',
              x(read) > 50 && '-translate-x-full',
            )}
            style={{ left: `${x(read)}%` }}
          >
            <Reading {...props} at={read} />
          </div>
        )}
      </div>
      <div className="relative col-start-2">
        {timeTicks(times).map((at, index) => (
          <span
            key={at}
            className={cn(
              'absolute top-1 whitespace-nowrap',
              x(at) > 95 ? '-translate-x-full' : '-translate-x-1/2',
              index % 2 === 1 && 'max-sm:hidden',
            )}
            style={{ left: `${x(at)}%` }}
          >
            {formatTick(at)}
          </span>
        ))}
      </div>
    </div>
  )
}

function draw(points: readonly Point[], series: readonly Series[], stacked: boolean) {
  const times = points.map(({ at }) => at)
  const drawn = stretches(points, series, stacked)
  const highest = drawn.flat(2).reduce((most, { high }) => Math.max(most, high), 0)
  const ticks = valueTicks(highest)
  const x = (at: number) => across(times, at)
  const y = (value: number) => 100 - (value / (ticks.at(-1) ?? 1)) * 100
  const fill = stacked ? 0.85 : series.length > 2 ? 0 : 0.08
  const each = series.map((one, index) => ({ series: one, parts: drawn[index] ?? [] }))
  const onTop = each.toSorted(
    (one, other) => Number(one.series.dashed === true) - Number(other.series.dashed === true),
  )
  const shapes = onTop.flatMap(({ series: one, parts }) =>
    parts.map((part, index) => {
      const key = `${one.key} ${index}`
      const colour = colourOf(one)
      if (one.dashed === true)
        return <Stroke key={key} d={line(part, x, y)} colour={colour} width={1.25} dashed />
      return (
        <g key={key}>
          {fill > 0 && <path d={area(part, x, y)} fill={colour} fillOpacity={fill} />}
          {/* The line of what is on top of a stack would be drawn where there is none of it, too. */}
          {!stacked && <Stroke d={line(part, x, y)} colour={colour} width={1.5} />}
        </g>
      )
    }),
  )
  /** A line of one point is nothing to be seen: it gets a dot, as has what is read. */
  const dots = (read: number | undefined) =>
    each.flatMap(({ series: one, parts }) =>
      one.dashed === true
        ? []
        : parts.flatMap((part) =>
            part.flatMap(({ at, high }) => {
              if (at !== read && part.length > 1) return []
              const width = at === read ? READ_DOT : DOT
              return [{ key: `${one.key} ${at}`, d: `M${x(at)},${y(high)}h0`, colour: colourOf(one), width }]
            }),
          ),
    )
  return { times, ticks, x, y, shapes, dots }
}

interface StrokeProps {
  d: string
  colour: string
  width: number
  dashed?: boolean
}

/** As wide as it says, however the picture is stretched. */
function Stroke({ d, colour, width, dashed }: StrokeProps) {
  return (
    <path
      d={d}
      stroke={colour}
      strokeWidth={width}
      strokeLinecap={width >= DOT ? 'round' : 'butt'}
      strokeLinejoin="round"
      vectorEffect="non-scaling-stroke"
      {...(dashed === true ? { strokeDasharray: '4 3' } : {})}
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
    <div className="rounded-md border border-line bg-surface px-2.5 py-2 text-ink shadow-floating">
      <p className="mb-1 font-medium whitespace-nowrap">{formatTime(at)}</p>
      <ul className="grid gap-0.5">
        {series.map((each) => {
          const value = point[each.key]
          return (
            <li key={each.key} className="flex items-center justify-between gap-4 whitespace-nowrap">
              <span className="flex items-center gap-1.5 text-soft">
                <svg width="8" height="8" aria-hidden>
                  <circle cx="4" cy="4" r="3.5" fill={colourOf(each)} />
                </svg>
                <span className="max-w-48 truncate">{each.name}</span>
              </span>
              <span className="tabular-nums">{value == null ? '—' : formatExact(value)}</span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}

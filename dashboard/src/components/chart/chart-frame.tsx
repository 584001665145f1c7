/** A chart with its title, its legend, and its numbers as a table for who cannot see it or wants them exact. */
import { ChartLine, Table2 } from 'lucide-react'
import { useId, useState, type ReactNode } from 'react'
import { ErrorState, Skeleton } from '@/components/page'
import { cn } from '@/design/class-names'
import { Segments } from '@/design/tabs'
import { colourOf, type Series } from './series'

export interface ChartTable {
  head: readonly string[]
  /** The first cell of each row is its name. */
  rows: readonly (readonly string[])[]
}

interface ChartFrameProps {
  title: string
  description: string
  series: readonly Series[]
  table: ChartTable
  /** The legend has two lines. */
  named?: boolean | undefined
  /** `loading` and `error` take the chart's place; `empty` says that there is nothing to draw. */
  state?: 'ready' | 'loading' | 'empty' | { error: unknown; retry: () => void }
  children: ReactNode
}

/** In pixels; the frame keeps the room, so that nothing jumps when the chart arrives. */
const HEIGHT = 208
const VIEWS = [
  { value: 'chart', label: 'Chart', icon: <ChartLine aria-hidden /> },
  { value: 'table', label: 'Table', icon: <Table2 aria-hidden /> },
] as const

export function ChartFrame(props: ChartFrameProps) {
  const { title, description, series, table, named, state = 'ready', children } = props
  const id = useId()
  const [view, setView] = useState<'chart' | 'table'>('chart')
  return (
    <section
      aria-labelledby={id}
      className="flex min-w-0 flex-col rounded-lg border border-line bg-surface p-4 shadow-raised"
    >
      <div className="mb-2 flex items-start justify-between gap-4">
        <div className="min-w-0">
          <h2 id={id} className="text-sm font-medium">
            {title}
          </h2>
          <p className="truncate text-xs text-faint">{description}</p>
        </div>
        <Segments compact label={`${title}: view`} value={view} onChange={setView} options={VIEWS} />
      </div>
      <Legend series={series} named={named === true} />
      {/* At the bottom: charts in a row stand level, however many lines their legends have. */}
      <div className="mt-auto">
        {state === 'loading' ? (
          <div style={{ height: HEIGHT }} className="pt-2">
            <Skeleton className="h-full w-full rounded-md bg-sunken" />
          </div>
        ) : typeof state === 'object' ? (
          <div style={{ height: HEIGHT }} className="overflow-y-auto">
            <ErrorState error={state.error} retry={state.retry} />
          </div>
        ) : view === 'table' ? (
          <NumberTable table={table} title={title} />
        ) : state === 'empty' ? (
          <div style={{ height: HEIGHT }} className="flex items-center justify-center text-faint">
            Nothing in this time.
          </div>
        ) : (
          <div style={{ height: HEIGHT }} role="img" aria-label={`${title}. ${description}`}>
            {children}
          </div>
        )}
      </div>
    </section>
  )
}

/** Its room is kept before its names are there, so that nothing jumps. */
function Legend({ series, named }: { series: readonly Series[]; named: boolean }) {
  return (
    <ul
      className={cn(
        'mb-1 flex flex-wrap content-start gap-x-3 overflow-hidden text-xs text-soft',
        named ? 'h-8' : 'h-4',
      )}
    >
      {series.map((each) => (
        <li key={each.key} className="flex max-w-40 items-center gap-1.5">
          <svg className="shrink-0" width="10" height="8" aria-hidden>
            <line
              x1="0"
              x2="10"
              y1="4"
              y2="4"
              stroke={colourOf(each)}
              strokeWidth="2.5"
              {...(each.dashed === true ? { strokeDasharray: '3 2' } : {})}
            />
          </svg>
          <span className="truncate">{each.name}</span>
        </li>
      ))}
    </ul>
  )
}

function NumberTable({ table, title }: { table: ChartTable; title: string }) {
  return (
    <div
      className="overflow-auto"
      style={{ height: HEIGHT }}
      tabIndex={0}
      role="region"
      aria-label={`${title}, as a table`}
    >
      <table className="w-full text-xs">
        <thead className="sticky top-0 bg-surface text-faint">
          <tr>
            {table.head.map((name, index) => (
              <th
                key={name}
                scope="col"
                className={`py-1.5 font-medium whitespace-nowrap ${index === 0 ? 'text-left' : 'pl-3 text-right'}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row) => (
            <tr key={row[0]} className="border-t border-line">
              {row.map((cell, index) =>
                index === 0 ? (
                  <th
                    key={index}
                    scope="row"
                    className="py-1.5 text-left font-normal whitespace-nowrap text-soft"
                  >
                    {cell}
                  </th>
                ) : (
                  <td key={index} className="py-1.5 pl-3 text-right tabular-nums">
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

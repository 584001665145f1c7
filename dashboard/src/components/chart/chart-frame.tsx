/** A chart with its title, its description, and its numbers as a table for who cannot see it or wants them exact. */
import { ChartLine, Table2 } from 'lucide-react'
import { useId, useState, type ReactNode } from 'react'
import { Segments } from '@/design/tabs'

export interface ChartTable {
  head: readonly string[]
  /** The first cell of each row is its name. */
  rows: readonly (readonly string[])[]
}

interface ChartFrameProps {
  title: string
  description: string
  table: ChartTable
  /** In pixels; the frame keeps the room, so that nothing jumps when the chart arrives. */
  height?: number
  children: ReactNode
}

const VIEWS = [
  { value: 'chart', label: 'Chart', icon: <ChartLine aria-hidden /> },
  { value: 'table', label: 'Table', icon: <Table2 aria-hidden /> },
] as const

export function ChartFrame({ title, description, table, height = 240, children }: ChartFrameProps) {
  const id = useId()
  const [view, setView] = useState<'chart' | 'table'>('chart')
  return (
    <section aria-labelledby={id} className="rounded-lg border border-line bg-surface p-4 shadow-raised">
      <div className="mb-3 flex items-start justify-between gap-4">
        <div className="min-w-0">
          <h2 id={id} className="text-sm font-medium">
            {title}
          </h2>
          <p className="text-xs text-faint">{description}</p>
        </div>
        <Segments compact label={`${title}: view`} value={view} onChange={setView} options={VIEWS} />
      </div>
      {view === 'chart' ? (
        <div style={{ height }} role="img" aria-label={`${title}. ${description}`}>
          {children}
        </div>
      ) : (
        <NumberTable table={table} height={height} title={title} />
      )}
    </section>
  )
}

function NumberTable({ table, height, title }: { table: ChartTable; height: number; title: string }) {
  return (
    <div
      className="overflow-auto"
      style={{ height }}
      tabIndex={0}
      role="region"
      aria-label={`${title}, as a table`}
    >
      <table className="w-full text-xs">
        <thead className="sticky top-0 bg-surface text-faint">
          <tr>
            {table.head.map((name, index) => (
              <th key={name} scope="col" className={index === 0 ? 'py-1.5 text-left' : 'py-1.5 text-right'}>
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
                  <th key={index} scope="row" className="py-1.5 text-left font-normal">
                    {cell}
                  </th>
                ) : (
                  <td key={index} className="py-1.5 text-right tabular-nums">
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

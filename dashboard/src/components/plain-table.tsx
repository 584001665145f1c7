/** A few rows that are all there: nothing to page, sort or search. `DataTable` is for lists. */
import type { ReactNode } from 'react'
import { cn } from '@/design/class-names'
import { HIDDEN } from './data-table/data-table'

export interface PlainColumn<Row> {
  head: ReactNode
  cell: (row: Row) => ReactNode
  numeric?: boolean
  /** Not shown on windows narrower than this. */
  from?: keyof typeof HIDDEN
  className?: string
}

interface PlainTableProps<Row> {
  /** What the rows are, for screen readers. */
  label: string
  columns: readonly PlainColumn<Row>[]
  rows: readonly Row[]
  rowId: (row: Row) => string
}

export function PlainTable<Row>({ label, columns, rows, rowId }: PlainTableProps<Row>) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full border-collapse text-left">
        <caption className="sr-only">{label}</caption>
        <thead className="bg-sunken text-xs text-faint">
          <tr>
            {columns.map((column, index) => (
              <th
                key={index}
                scope="col"
                className={cn('h-8 px-3 font-medium whitespace-nowrap', cellClass(column))}
              >
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowId(row)} className="border-t border-line">
              {columns.map((column, index) => (
                <td key={index} className={cn('h-10 px-3', cellClass(column), column.className)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function cellClass<Row>({ numeric, from }: PlainColumn<Row>): string {
  return cn(
    'first:pl-4 last:pr-4',
    numeric === true && 'text-right tabular-nums',
    from !== undefined && HIDDEN[from],
  )
}

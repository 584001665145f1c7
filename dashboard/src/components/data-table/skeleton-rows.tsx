import type { Column } from '@tanstack/react-table'
import { cn } from '@/design/class-names'
import { HIDDEN } from './data-table'
import { PAGE_SIZES } from './list-state'

const WIDTHS = ['w-24', 'w-32', 'w-20', 'w-28'] as const

/** As tall as the rows of a whole page to come, so that nothing jumps, not even for a scrollbar. The table's body breathes as one. */
export function SkeletonRows<Row>({ columns }: { columns: Column<Row>[] }) {
  return Array.from({ length: PAGE_SIZES[0] }, (_, index) => (
    <tr key={index} className="border-t border-line" aria-hidden>
      {columns.map((column, place) => {
        const meta = column.columnDef.meta
        return (
          <td
            key={column.id}
            className={cn('h-11 px-3 first:pl-4 last:pr-4', meta?.from !== undefined && HIDDEN[meta.from])}
          >
            <div
              className={cn(
                'h-3.5 rounded-sm bg-line',
                column.id === 'select' ? 'w-4' : WIDTHS[(index + place) % WIDTHS.length],
                meta?.numeric === true && 'ml-auto w-12',
              )}
            />
          </td>
        )
      })}
    </tr>
  ))
}

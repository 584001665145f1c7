import type { Column } from '@tanstack/react-table'
import { Skeleton } from '@/components/page'
import { cn } from '@/design/class-names'
import { HIDDEN } from './data-table'

const ROWS = 8
const WIDTHS = ['w-24', 'w-32', 'w-20', 'w-28'] as const

/** As tall as the rows to come, so that nothing jumps. */
export function SkeletonRows<Row>({ columns }: { columns: Column<Row>[] }) {
  return Array.from({ length: ROWS }, (_, index) => (
    <tr key={index} className="border-t border-line">
      {columns.map((column, place) => {
        const meta = column.columnDef.meta
        return (
          <td
            key={column.id}
            className={cn('h-11 px-3 first:pl-4 last:pr-4', meta?.from !== undefined && HIDDEN[meta.from])}
          >
            <Skeleton
              className={cn(
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

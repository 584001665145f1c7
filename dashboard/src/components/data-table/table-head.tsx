import { flexRender, type Table } from '@tanstack/react-table'
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react'
import { cn } from '@/design/class-names'
import { HIDDEN } from './data-table'
import type { ListState } from './list-state'

export function TableHead<Row>({ table, state }: { table: Table<Row>; state: ListState }) {
  return (
    <thead className="bg-sunken text-xs text-faint">
      {table.getHeaderGroups().map((group) => (
        <tr key={group.id}>
          {group.headers.map((header) => {
            const meta = header.column.columnDef.meta
            const name = flexRender(header.column.columnDef.header, header.getContext())
            const by = meta?.sort
            const sorted = by !== undefined && state.sort?.by === by ? state.sort : undefined
            return (
              <th
                key={header.id}
                scope="col"
                aria-sort={sorted === undefined ? undefined : sorted.descending ? 'descending' : 'ascending'}
                className={cn(
                  'h-9 px-3 font-medium whitespace-nowrap first:pl-4 last:pr-4',
                  header.column.id === 'select' && 'w-9',
                  meta?.wide === true && 'w-full',
                  meta?.numeric === true && 'text-right',
                  meta?.from !== undefined && HIDDEN[meta.from],
                  meta?.pinned === true && 'sticky right-0 bg-sunken',
                )}
              >
                {by === undefined ? (
                  name
                ) : (
                  <button
                    type="button"
                    className="-mx-1.5 inline-flex h-6 items-center gap-1 rounded-sm px-1.5 hover:bg-hover hover:text-ink"
                    onClick={() =>
                      state.set(
                        sorted?.descending === true
                          ? { sort: undefined, dir: undefined }
                          : { sort: by, dir: sorted === undefined ? 'asc' : 'desc' },
                      )
                    }
                  >
                    {name}
                    <SortIcon sorted={sorted} />
                  </button>
                )}
              </th>
            )
          })}
        </tr>
      ))}
    </thead>
  )
}

function SortIcon({ sorted }: { sorted: { descending: boolean } | undefined }) {
  if (sorted === undefined) return <ChevronsUpDown className="size-3" aria-hidden />
  return sorted.descending ? (
    <ArrowDown className="size-3 text-ink" aria-hidden />
  ) : (
    <ArrowUp className="size-3 text-ink" aria-hidden />
  )
}

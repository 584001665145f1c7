/** A list of the API's, page by page. The server does the paging, the order and the search; the URL holds them. */
import type { UseQueryResult } from '@tanstack/react-query'
import {
  flexRender,
  getCoreRowModel,
  useReactTable,
  type ColumnDef,
  type RowData,
  type RowSelectionState,
} from '@tanstack/react-table'
import { useMemo, type ReactNode } from 'react'
import { ErrorState } from '@/components/page'
import { Checkbox } from '@/design/field'
import { cn } from '@/design/class-names'
import { TableHead } from './table-head'
import type { ListState } from './list-state'
import { Pager } from './pager'
import { SkeletonRows } from './skeleton-rows'

declare module '@tanstack/react-table' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Numbers stand at the right. */
    numeric?: boolean
    /** Not shown on windows narrower than this. */
    from?: 'sm' | 'md' | 'lg' | 'xl' | '2xl'
    /** The name of the column in the API's `sort`, where it can be sorted by. */
    sort?: string
    /** Stays in sight while the rest scrolls beneath it. */
    pinned?: boolean
    /** Takes the room that is left. */
    wide?: boolean
  }
}

export const HIDDEN = {
  sm: 'max-sm:hidden',
  md: 'max-md:hidden',
  lg: 'max-lg:hidden',
  xl: 'max-xl:hidden',
  '2xl': 'max-2xl:hidden',
} as const

export interface Listed<Row> {
  data: Row[]
  total_count: number
}

interface DataTableProps<Row> {
  /** What the rows are, for screen readers: "API keys". */
  label: string
  columns: ColumnDef<Row>[]
  query: UseQueryResult<Listed<Row>>
  state: ListState
  rowId: (row: Row) => string
  /** What a person calls the row. */
  rowName: (row: Row) => string
  /** Where there is nothing at all. */
  empty: ReactNode
  /** Where nothing matches; the table adds the way back. */
  nothingFound: ReactNode
  onOpen?: (row: Row) => void
  /** In place of the numbered pages, where nobody knows how many there are. */
  pager?: ReactNode
  selection?: { selected: RowSelectionState; onChange: (selected: RowSelectionState) => void }
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, query, state, rowId, selection, onOpen } = props
  const all = useMemo(
    () => (selection === undefined ? columns : [selectionColumn<Row>(props.rowName), ...columns]),
    [columns, selection === undefined, props.rowName], // eslint-disable-line react-hooks/exhaustive-deps
  )
  const table = useReactTable({
    data: query.data?.data ?? NONE,
    columns: all,
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
    manualPagination: true,
    manualSorting: true,
    enableRowSelection: selection !== undefined,
    state: { rowSelection: selection?.selected ?? {} },
    onRowSelectionChange: (update) =>
      selection?.onChange(typeof update === 'function' ? update(selection.selected) : update),
  })
  const rows = table.getRowModel().rows
  const total = query.data?.total_count ?? 0
  if (query.isError && query.data === undefined) {
    return (
      <Frame>
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      </Frame>
    )
  }
  if (query.isSuccess && total === 0)
    return <Frame>{state.narrowed ? props.nothingFound : props.empty}</Frame>
  return (
    <Frame>
      {/* Focusable, because it scrolls where it is too narrow. */}
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={props.label}>
        <table className="w-full border-collapse text-left" aria-busy={query.isFetching}>
          <caption className="sr-only">{props.label}</caption>
          <TableHead table={table} state={state} />
          <tbody
            className={cn(
              query.isPending ? 'animate-breathe' : 'transition-opacity',
              query.isPlaceholderData && 'opacity-60',
            )}
          >
            {query.isPending ? (
              <SkeletonRows columns={table.getAllLeafColumns()} />
            ) : (
              rows.map((row) => (
                <tr
                  key={row.id}
                  data-state={row.getIsSelected() ? 'selected' : undefined}
                  className="border-t border-line bg-surface hover:bg-hover data-[state=selected]:bg-selected"
                  onClick={
                    onOpen === undefined
                      ? undefined
                      : (event) => {
                          if (!isControl(event.target)) onOpen(row.original)
                        }
                  }
                >
                  {row.getVisibleCells().map((cell) => {
                    const meta = cell.column.columnDef.meta
                    return (
                      <td
                        key={cell.id}
                        className={cn(
                          'h-11 px-3 whitespace-nowrap first:pl-4 last:pr-4',
                          meta?.numeric === true && 'text-right tabular-nums',
                          // It takes what is left, and no more: what is longer is cut off in the cell.
                          meta?.wide === true && 'w-full max-w-0 min-w-32 sm:min-w-56',
                          meta?.from !== undefined && HIDDEN[meta.from],
                          meta?.pinned === true && 'sticky right-0 bg-inherit',
                          onOpen !== undefined && 'cursor-pointer',
                        )}
                      >
                        {flexRender(cell.column.columnDef.cell, cell.getContext())}
                      </td>
                    )
                  })}
                </tr>
              ))
            )}
          </tbody>
        </table>
      </div>
      {props.pager ?? <Pager state={state} total={total} loading={query.isPending} />}
    </Frame>
  )
}

const NONE: never[] = []

function Frame({ children }: { children: ReactNode }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-raised">{children}</div>
  )
}

function isControl(target: EventTarget): boolean {
  return (
    target instanceof Element &&
    target.closest('button, a, input, label, [role=checkbox], [role=menu]') !== null
  )
}

function selectionColumn<Row>(rowName: (row: Row) => string): ColumnDef<Row> {
  return {
    id: 'select',
    header: ({ table }) => (
      <Checkbox
        aria-label="Select all on this page"
        checked={table.getIsAllPageRowsSelected() || (table.getIsSomePageRowsSelected() && 'indeterminate')}
        onCheckedChange={(checked) => table.toggleAllPageRowsSelected(checked === true)}
        className="align-middle"
      />
    ),
    cell: ({ row }) => (
      <Checkbox
        aria-label={`Select ${rowName(row.original)}`}
        checked={row.getIsSelected()}
        onCheckedChange={(checked) => row.toggleSelected(checked === true)}
        className="align-middle"
      />
    ),
    size: 36,
  }
}

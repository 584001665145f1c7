import type { ColumnDef } from '@tanstack/react-table'
import { logTime } from '@/format/time'
import { Actor, OperationBadge, words } from './parts'
import type { Entry } from './queries'

export const COLUMNS: ColumnDef<Entry>[] = [
  {
    id: 'at',
    header: 'Time',
    cell: ({ row: { original } }) => (
      <time dateTime={original.at} className="text-soft tabular-nums">
        {logTime(Date.parse(original.at))}
      </time>
    ),
  },
  {
    id: 'actor',
    header: 'Who',
    meta: { from: 'sm' },
    cell: ({ row: { original } }) => (
      <span className="block max-w-48 truncate font-medium">
        <Actor actor={original.actor} />
      </span>
    ),
  },
  {
    id: 'operation',
    header: 'Did',
    cell: ({ row: { original } }) => <OperationBadge operation={original.operation} />,
  },
  {
    id: 'resource',
    header: 'What',
    meta: { wide: true },
    cell: ({ row: { original } }) => (
      <div className="max-w-36 py-1.5 leading-4 sm:max-w-72">
        <div className="truncate">{words(original.resource)}</div>
        <div className="truncate text-xs text-faint">{named(original) ?? original.resource_id}</div>
        <div className="truncate text-xs text-soft sm:hidden">
          by <Actor actor={original.actor} />
        </div>
      </div>
    ),
  },
  {
    id: 'peer',
    header: 'From',
    meta: { from: 'xl' },
    cell: ({ row: { original } }) => <span className="text-soft">{original.peer ?? '—'}</span>,
  },
  {
    id: 'sequence',
    header: 'Entry',
    meta: { numeric: true, from: 'sm' },
    cell: ({ row: { original } }) => <span className="text-faint">{original.sequence}</span>,
  },
]

/** What the thing is called, where the entry knows. */
function named({ before, after }: Entry): string | undefined {
  for (const values of [after, before]) {
    for (const field of ['name', 'alias', 'email', 'url']) {
      const value = values?.[field]
      if (typeof value === 'string') return value
    }
  }
  return undefined
}

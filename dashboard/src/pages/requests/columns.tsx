import type { ColumnDef } from '@tanstack/react-table'
import { Figure } from '@/components/values'
import { count, milliseconds, smallMoney } from '@/format/number'
import { LogTime, StatusBadge, unknown } from './parts'
import type { Entry } from './queries'

export const COLUMNS: ColumnDef<Entry>[] = [
  {
    id: 'time',
    header: 'Time',
    cell: ({ row: { original } }) => <LogTime at={original.timestamp} />,
  },
  {
    id: 'status',
    header: 'Status',
    cell: ({ row: { original } }) => (
      <StatusBadge status={original.status_code} outcome={original.details?.outcome} />
    ),
  },
  {
    id: 'model',
    header: 'Model',
    meta: { wide: true },
    cell: ({ row: { original } }) => (
      <div className="max-w-72 leading-4">
        <div className="truncate font-medium">{original.model ?? unknown}</div>
        {original.details?.error != null ? (
          <div className="truncate text-xs text-bad">{original.details.error}</div>
        ) : (
          <div className="truncate font-mono text-xs text-faint">{original.uri}</div>
        )}
      </div>
    ),
  },
  {
    id: 'user',
    header: 'User',
    meta: { from: 'lg' },
    cell: ({ row: { original } }) => (
      <span className="block max-w-52 truncate text-soft">
        {original.details === undefined || original.details === null
          ? unknown
          : (original.details.user.name ?? 'Deleted')}
      </span>
    ),
  },
  {
    id: 'input',
    header: 'Tokens in',
    meta: { numeric: true, from: 'md' },
    cell: ({ row: { original } }) =>
      original.prompt_tokens == null ? unknown : <Figure value={count(original.prompt_tokens)} />,
  },
  {
    id: 'output',
    header: 'Tokens out',
    meta: { numeric: true, from: 'md' },
    cell: ({ row: { original } }) =>
      original.completion_tokens == null ? unknown : <Figure value={count(original.completion_tokens)} />,
  },
  {
    id: 'first',
    header: 'First byte',
    meta: { numeric: true, from: 'xl' },
    cell: ({ row: { original } }) =>
      original.details?.first_byte_ms == null ? (
        unknown
      ) : (
        <Figure value={milliseconds(original.details.first_byte_ms)} />
      ),
  },
  {
    id: 'duration',
    header: 'Time taken',
    meta: { numeric: true, from: 'sm' },
    cell: ({ row: { original } }) =>
      original.duration_ms == null ? unknown : <Figure value={milliseconds(original.duration_ms)} />,
  },
  {
    id: 'cost',
    header: 'Cost',
    meta: { numeric: true, from: 'lg' },
    cell: ({ row: { original } }) =>
      original.details?.cost == null ? unknown : <Figure value={smallMoney(original.details.cost)} />,
  },
]

import { useQuery } from '@tanstack/react-query'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { PlainTable, type PlainColumn } from '@/components/plain-table'
import { Figure } from '@/components/values'
import { count, milliseconds, money, plural } from '@/format/number'
import { TOP_USERS, usersOptions, type Figures, type Model } from '../queries'
import type { Range } from '../search'
import { nameOf } from './user-name'

const dash = <span className="text-faint">—</span>

const COLUMNS: readonly PlainColumn<Figures>[] = [
  { head: 'User', cell: (row) => <span className="block max-w-72 truncate">{nameOf(row)}</span> },
  { head: 'Requests', numeric: true, cell: (row) => <Figure value={count(row.requests)} /> },
  { head: 'Tokens in', numeric: true, from: 'sm', cell: (row) => <Figure value={count(row.input_tokens)} /> },
  {
    head: 'Tokens out',
    numeric: true,
    from: 'sm',
    cell: (row) => <Figure value={count(row.output_tokens)} />,
  },
  {
    head: 'Avg. time',
    numeric: true,
    from: 'md',
    cell: (row) => (row.avg_latency_ms === null ? dash : <Figure value={milliseconds(row.avg_latency_ms)} />),
  },
  {
    head: 'Cost',
    numeric: true,
    cell: (row) => (row.cost === null ? dash : <Figure value={money(row.cost)} />),
  },
]

/** Who asked the model most. */
export function Users({ model, range }: { model: Model; range: Range }) {
  const users = useQuery(usersOptions(model.alias, range))
  const total = users.data?.total_count ?? 0
  return (
    <Panel
      flush
      title="Users"
      description={
        total > TOP_USERS
          ? `The ${TOP_USERS} with the most requests of ${plural(total, 'user')}.`
          : 'Who asked it.'
      }
    >
      {users.data === undefined ? (
        users.isError ? (
          <ErrorState error={users.error} retry={() => void users.refetch()} />
        ) : (
          <div className="space-y-4 p-4">
            <Skeleton className="w-64" />
            <Skeleton className="w-48" />
          </div>
        )
      ) : users.data.data.length === 0 ? (
        <p className="px-4 py-8 text-center text-faint">Nobody asked it in this time.</p>
      ) : (
        <PlainTable
          label="Users of this model"
          columns={COLUMNS}
          rows={users.data.data}
          rowId={(row) => row.user_id ?? row.user_email ?? ''}
        />
      )}
    </Panel>
  )
}

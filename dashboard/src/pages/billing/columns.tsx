import type { ColumnDef } from '@tanstack/react-table'
import { Badge, type Tone } from '@/components/badge'
import { Figure, Time } from '@/components/values'
import { cn } from '@/design/class-names'
import { money, smallMoney, type Formatted } from '@/format/number'
import { gives, signed, typeName } from './ledger'
import type { Transaction } from './queries'

const TONES: Record<Transaction['transaction_type'], Tone> = {
  purchase: 'good',
  admin_grant: 'good',
  admin_removal: 'warn',
  usage: 'neutral',
}

/** `balances`: after each line, where they are known; `people`: whose each is. */
export function movementColumns(
  balances: ReadonlyMap<string, string> | undefined,
  people: boolean,
): ColumnDef<Transaction>[] {
  return [
    {
      id: 'created_at',
      header: 'When',
      cell: ({ row }) => <Time at={row.original.created_at} />,
    },
    {
      id: 'type',
      header: 'Kind',
      meta: { from: 'sm' },
      cell: ({ row: { original: line } }) => (
        <Badge tone={TONES[line.transaction_type]}>{typeName(line.transaction_type)}</Badge>
      ),
    },
    ...(people
      ? [
          {
            id: 'user',
            header: 'Account',
            meta: { from: 'md' as const },
            cell: ({ row: { original: line } }: { row: { original: Transaction } }) => (
              <span className="block max-w-56 truncate">
                {line.user_email ?? <span className="text-faint">Deleted</span>}
              </span>
            ),
          },
        ]
      : []),
    {
      id: 'description',
      header: 'Description',
      meta: { wide: true },
      cell: ({ row: { original: line } }) => (
        <div className="max-w-48 sm:max-w-md">
          <span className="block truncate">
            {line.description ?? <span className="text-faint">—</span>}
            {line.batch_request_count != null && (
              <span className="text-faint"> · {line.batch_request_count} requests</span>
            )}
          </span>
          <span className="block text-xs text-faint sm:hidden">{typeName(line.transaction_type)}</span>
        </div>
      ),
    },
    {
      id: 'amount',
      header: 'Amount',
      meta: { numeric: true },
      cell: ({ row: { original: line } }) => (
        <span className={cn(gives(line.transaction_type) && 'font-medium text-good')}>
          <Figure value={movement(line)} />
        </span>
      ),
    },
    ...(balances === undefined
      ? []
      : [
          {
            id: 'balance',
            header: 'Balance',
            meta: { numeric: true, from: 'md' as const },
            cell: ({ row: { original: line } }: { row: { original: Transaction } }) => (
              <Figure value={money(balances.get(line.id) ?? '0')} />
            ),
          },
        ]),
  ]
}

function movement(line: Transaction): Formatted {
  const { shown, exact } = smallMoney(line.amount)
  const sign = signed(line).startsWith('-') ? '−' : '+'
  return { shown: `${sign}${shown}`, exact: `${sign}${exact}` }
}

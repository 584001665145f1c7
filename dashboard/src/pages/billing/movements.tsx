/** What moved the balance: newest first. */
import { useQuery } from '@tanstack/react-query'
import { ReceiptText, SearchX } from 'lucide-react'
import { useMemo, type ReactNode } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar, FilterSelect } from '@/components/data-table/filter-bar'
import { EmptyState } from '@/components/page'
import { Button } from '@/design/button'
import { Input } from '@/design/field'
import { movementColumns } from './columns'
import { balances, TYPES } from './ledger'
import { LedgerPager } from './ledger-pager'
import { transactionsOptions, type BillingState } from './queries'

interface MovementsProps {
  account: string
  state: BillingState
  /** A filter more. */
  whose?: ReactNode
}

export function Movements({ account, state, whose }: MovementsProps) {
  const query = useQuery(transactionsOptions(account, state))
  const { type, from, to } = state.filters
  const { data } = query
  const whole = account !== 'all' && type === undefined && state.search === ''
  const columns = useMemo(() => {
    // Where lines are left out, the balance after each is not to be told from the others.
    if (data === undefined || !whole) return movementColumns(undefined, account === 'all')
    const after = balances(data.data, data.page_start_balance)
    return movementColumns(
      new Map(data.data.map((line, index) => [line.id, after[index] ?? '0'])),
      account === 'all',
    )
  }, [data, whole, account])
  return (
    <>
      <FilterBar state={state} searchLabel="Find by description">
        {whose}
        <FilterSelect
          label="Kind"
          value={type}
          onChange={(next) => state.set({ type: next })}
          options={TYPES}
        />
        <div className="flex items-center gap-2">
          <DayField label="From" value={from} onChange={(next) => state.set({ from: next })} />
          <DayField label="To" value={to} onChange={(next) => state.set({ to: next })} />
        </div>
      </FilterBar>
      <DataTable
        label="Transactions"
        columns={columns}
        query={query}
        state={state}
        rowId={(line) => line.id}
        rowName={(line) => line.description ?? line.source_id}
        pager={
          <LedgerPager
            state={state}
            shown={data?.data.length ?? 0}
            more={data?.has_more === true}
            loading={query.isPending}
          />
        }
        empty={
          <EmptyState icon={<ReceiptText />} title="Nothing yet">
            Credits that are bought, given or taken appear here, and what requests to models with a price
            cost.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="Nothing matches"
            action={<Button onClick={state.widen}>Show all</Button>}
          >
            Descriptions are looked through, on the days and of the kind that you chose.
          </EmptyState>
        }
      />
    </>
  )
}

interface DayFieldProps {
  label: string
  value: string | undefined
  onChange: (day: string | undefined) => void
}

function DayField({ label, value, onChange }: DayFieldProps) {
  return (
    <label className="flex items-center gap-1.5 text-faint">
      {label}
      <Input
        type="date"
        className="w-34 sm:w-36"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
      />
    </label>
  )
}

/** The same figures for each model, key or day. */
import { useQuery } from '@tanstack/react-query'
import type { ColumnDef } from '@tanstack/react-table'
import { Download, ReceiptText, SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { EmptyState } from '@/components/page'
import { Figure } from '@/components/values'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { count, money } from '@/format/number'
import { bucketName } from '@/format/time'
import type { Days } from './period'
import { breakdownFile, breakdownOptions, type By, type Row, type UsageState } from './queries'

const TABLES = [
  { value: 'model', label: 'Models' },
  { value: 'key', label: 'Keys' },
  { value: 'day', label: 'Days' },
] as const
const HEADS: Record<By, string> = { model: 'Model', key: 'Key', day: 'Day' }

export function Breakdown({ state, days, by }: { state: UsageState; days: Days; by: By }) {
  const searching = { ...state, narrowed: state.search !== '', widen: () => state.set({ q: undefined }) }
  const query = useQuery(breakdownOptions(days, by, state))
  const columns = useMemo(() => columnsOf(by), [by])
  const rows = (
    <Segments
      label="Rows"
      value={by}
      onChange={(next) =>
        state.set({ by: next === 'model' ? undefined : next, q: undefined, sort: undefined })
      }
      options={TABLES}
    />
  )
  const file = (
    <Button asChild>
      <a href={breakdownFile(days, by, state)} download>
        <Download aria-hidden /> CSV
      </a>
    </Button>
  )
  return (
    <>
      {by === 'day' ? (
        <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
          {rows}
          {file}
        </div>
      ) : (
        <FilterBar state={searching} searchLabel={`Find a ${by}`} end={file}>
          {rows}
        </FilterBar>
      )}
      <DataTable
        label={`Usage by ${by}`}
        columns={columns}
        query={query}
        state={searching}
        rowId={(row) => row.model ?? row.key_id ?? row.time ?? 'unknown'}
        rowName={(row) => nameOf(row, by) ?? 'unknown'}
        empty={
          <EmptyState icon={<ReceiptText />} title="Nothing used in this time">
            What your keys ask of models appears here within a second or two, with what it cost.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="Nothing is called that"
            action={<Button onClick={searching.widen}>Show all</Button>}
          >
            Only what was used in this time is looked through.
          </EmptyState>
        }
      />
    </>
  )
}

function nameOf(row: Row, by: By): string | undefined {
  const name = {
    model: row.model,
    key: row.key_name,
    day: row.time && bucketName(Date.parse(row.time), 'day'),
  }
  return name[by] ?? undefined
}

function columnsOf(by: By): ColumnDef<Row>[] {
  return [
    {
      id: 'name',
      header: HEADS[by],
      meta: { wide: true },
      cell: ({ row: { original: row } }) => {
        const name = nameOf(row, by)
        if (name !== undefined) return <span className="block max-w-80 truncate font-medium">{name}</span>
        return <span className="text-faint">{row.key_id == null ? 'None' : 'Deleted'}</span>
      },
    },
    {
      id: 'requests',
      header: 'Requests',
      meta: { numeric: true, sort: 'requests' },
      cell: ({ row: { original } }) => <Figure value={count(original.requests)} />,
    },
    {
      id: 'input',
      header: 'Tokens in',
      meta: { numeric: true, sort: 'input_tokens', from: 'sm' },
      cell: ({ row: { original } }) => <Figure value={count(original.input_tokens)} />,
    },
    {
      id: 'output',
      header: 'Tokens out',
      meta: { numeric: true, sort: 'output_tokens', from: 'sm' },
      cell: ({ row: { original } }) => <Figure value={count(original.output_tokens)} />,
    },
    {
      id: 'cost',
      header: 'Cost',
      meta: { numeric: true, sort: 'cost' },
      cell: ({ row: { original } }) =>
        original.cost === null ? (
          <span className="text-faint">—</span>
        ) : (
          <Figure value={money(original.cost)} />
        ),
    },
  ]
}

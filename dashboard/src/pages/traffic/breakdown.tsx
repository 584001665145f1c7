/** The same figures for each model, person, key or endpoint. */
import { useQuery } from '@tanstack/react-query'
import type { ColumnDef } from '@tanstack/react-table'
import { ChartNoAxesCombined, Download, SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { EmptyState } from '@/components/page'
import { Figure } from '@/components/values'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { count, milliseconds, money, percentage } from '@/format/number'
import { changeOf } from './charts'
import {
  breakdownFile,
  breakdownOptions,
  hasPercentiles,
  idOf,
  nameOf,
  totalsOptions,
  type By,
  type Row,
  type Scope,
  type TrafficState,
} from './queries'

const TABLES = [
  { value: 'model', label: 'Models' },
  { value: 'user', label: 'Users' },
  { value: 'key', label: 'Keys' },
  { value: 'group', label: 'Groups' },
  { value: 'endpoint', label: 'Endpoints' },
] as const
const ONE: Record<By, string> = {
  model: 'a model',
  user: 'a user',
  key: 'a key',
  group: 'a group',
  endpoint: 'an endpoint',
}
const FILTER: Partial<Record<By, string>> = { model: 'model', user: 'user_id', key: 'key_id' }
const unknown = <span className="text-faint">—</span>

export function Breakdown({ state, scope, by }: { state: TrafficState; scope: Scope; by: By }) {
  const query = useQuery(breakdownOptions(scope, by, state))
  const totals = useQuery(totalsOptions(scope))
  const all = totals.data?.requests ?? 0
  const slow = by === 'model' && hasPercentiles(scope)
  const columns = useMemo(() => columnsOf(by, all, slow, scope.compare), [by, all, slow, scope.compare])
  // The filters above narrow all of the page, not this table.
  const searching = {
    ...state,
    narrowed: state.search !== '',
    widen: () => state.set({ q: undefined }),
  }
  const filter = FILTER[by]
  const narrow =
    filter === undefined
      ? undefined
      : (row: Row) => state.set({ [filter]: idOf(row, by), ...(by === 'model' ? { by: 'user' } : {}) })
  return (
    <>
      <FilterBar
        state={searching}
        searchLabel={`Find ${ONE[by]}`}
        end={
          <Button asChild>
            <a href={breakdownFile(scope, by, state)} download>
              <Download aria-hidden /> CSV
            </a>
          </Button>
        }
      >
        <Segments
          label="Rows"
          value={by}
          onChange={(next) => state.set({ by: next === 'model' ? undefined : next, q: undefined })}
          options={TABLES}
        />
      </FilterBar>
      <DataTable
        label={`Traffic by ${by}`}
        columns={columns}
        query={query}
        state={searching}
        rowId={(row) => idOf(row, by) ?? 'unknown'}
        rowName={(row) => nameOf(row, by) ?? 'unknown'}
        {...(narrow === undefined ? {} : { onOpen: narrow })}
        empty={
          <EmptyState icon={<ChartNoAxesCombined />} title="No requests in this time">
            Choose a longer time above, or other filters. What is asked of the gateway appears here within a
            second or two.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="Nothing is called that"
            action={<Button onClick={searching.widen}>Show all</Button>}
          >
            Only what asked, or was asked, something in this time is looked through.
          </EmptyState>
        }
      />
    </>
  )
}

function columnsOf(by: By, all: number, slow: boolean, compare: boolean): ColumnDef<Row>[] {
  return [
    {
      id: 'name',
      header: `${by.charAt(0).toUpperCase()}${by.slice(1)}`,
      meta: { wide: true },
      cell: ({ row: { original: row } }) => {
        const name = nameOf(row, by)
        if (name !== undefined) return <span className="block max-w-80 truncate font-medium">{name}</span>
        const id = idOf(row, by)
        return (
          <span className="text-faint">{id === undefined ? 'None' : `Deleted (${id.slice(0, 8)}…)`}</span>
        )
      },
    },
    {
      id: 'share',
      header: 'Share',
      meta: { numeric: true, from: 'md' },
      cell: ({ row: { original } }) => <Share part={original.requests} all={all} />,
    },
    {
      id: 'requests',
      header: 'Requests',
      meta: { numeric: true, sort: 'requests' },
      cell: ({ row: { original } }) => <Figure value={count(original.requests)} />,
    },
    ...(compare
      ? [
          {
            id: 'change',
            header: 'Change',
            meta: { numeric: true, from: 'lg' as const },
            cell: ({ row: { original } }: { row: { original: Row } }) => <Change row={original} />,
          },
        ]
      : []),
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
      id: 'hits',
      header: 'From kept',
      meta: { numeric: true, from: 'xl' },
      cell: ({ row: { original } }) =>
        original.response_cache_hit_rate === null ? (
          unknown
        ) : (
          <Figure value={percentage(original.response_cache_hit_rate * 100)} />
        ),
    },
    {
      id: 'latency',
      header: 'Avg. time',
      meta: { numeric: true, sort: 'avg_latency_ms', from: 'md' },
      cell: ({ row: { original } }) => <Milliseconds value={original.avg_latency_ms} />,
    },
    ...(slow ? percentileColumns() : []),
    {
      id: 'cost',
      header: 'Cost',
      meta: { numeric: true, sort: 'cost' },
      cell: ({ row: { original } }) =>
        original.cost === null ? unknown : <Figure value={money(original.cost)} />,
    },
  ]
}

function percentileColumns(): ColumnDef<Row>[] {
  return [
    {
      id: 'p95',
      header: 'p95',
      meta: { numeric: true, from: 'xl' },
      cell: ({ row: { original } }) => <Milliseconds value={original.latency_ms?.p95} />,
    },
    {
      id: 'first',
      header: 'First token',
      meta: { numeric: true, from: 'xl' },
      cell: ({ row: { original } }) => <Milliseconds value={original.first_token_ms?.p50} />,
    },
  ]
}

function Milliseconds({ value }: { value: number | null | undefined }) {
  return value == null ? unknown : <Figure value={milliseconds(value)} />
}

function Change({ row }: { row: Row }) {
  const change = changeOf(row.requests, row.previous?.requests)
  if (change === null) return <span className="text-faint">{row.previous?.requests === 0 ? 'New' : '—'}</span>
  const shown = `${change < 0 ? '−' : '+'}${Math.abs(change * 100).toFixed(0)}%`
  return <span className="text-soft">{shown}</span>
}

function Share({ part, all }: { part: number; all: number }) {
  const share = all === 0 ? 0 : Math.min(1, part / all)
  return (
    <span className="inline-flex items-center gap-2">
      <svg width="64" height="6" aria-hidden className="rounded-sm">
        <rect width="64" height="6" fill="var(--line)" />
        <rect width={64 * share} height="6" fill="var(--chart-1)" />
      </svg>
      <span className="w-9 text-soft">{Math.round(share * 100)}%</span>
    </span>
  )
}

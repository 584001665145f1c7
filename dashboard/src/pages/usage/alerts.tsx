/** What was noticed: what is not over, and what was. */
import { useQuery } from '@tanstack/react-query'
import type { ColumnDef } from '@tanstack/react-table'
import { BellOff, SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { Badge, Status } from '@/components/badge'
import { DataTable } from '@/components/data-table/data-table'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { EmptyState } from '@/components/page'
import { sayProblem } from '@/components/toast'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { useCan } from '@/session/session'
import { alertsOptions, useAcknowledge, type Alert } from './budget-queries'
import type { UsageState } from './queries'

const STATES = [
  { value: 'open', label: 'Open' },
  { value: 'resolved', label: 'Over' },
  { value: 'all', label: 'All' },
] as const
const KINDS = [
  { value: 'budget_threshold', label: 'Budget' },
  { value: 'low_balance', label: 'Low balance' },
  { value: 'unusual_usage', label: 'Unusual usage' },
  { value: 'error_rate', label: 'Errors' },
  { value: 'latency', label: 'Latency' },
] as const

export function Alerts({ state }: { state: UsageState }) {
  const can = useCan()
  const query = useQuery(alertsOptions(state))
  const { mutate, isPending } = useAcknowledge()
  const mayAct = can('Update', 'System')
  const columns = useMemo(
    () =>
      columnsOf(
        mayAct && !isPending
          ? (alert, mine) => mutate({ id: alert.id, mine }, { onError: sayProblem })
          : undefined,
      ),
    [mayAct, isPending, mutate],
  )
  const { kind, state: wanted } = state.filters
  const shown = STATES.find(({ value }) => value === wanted)?.value ?? 'open'
  const narrowed = { ...state, narrowed: kind !== undefined, widen: () => state.set({ kind: undefined }) }
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2" role="group" aria-label="Filters">
        <Segments
          label="State"
          value={shown}
          onChange={(next) => state.set({ state: next === 'open' ? undefined : next })}
          options={STATES}
        />
        <FilterSelect
          label="Kind"
          value={kind}
          onChange={(next) => state.set({ kind: next })}
          options={KINDS}
        />
      </div>
      <DataTable
        label="Alerts"
        columns={columns}
        query={query}
        state={narrowed}
        rowId={(alert) => alert.id}
        rowName={(alert) => alert.summary}
        empty={
          <EmptyState icon={<BellOff />} title={shown === 'open' ? 'Nothing to look after' : 'No alerts'}>
            Budgets that run out, low balances, unusual usage, errors and slow models appear here within five
            minutes.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No alert of that kind"
            action={<Button onClick={narrowed.widen}>Show all kinds</Button>}
          >
            Other kinds may be there.
          </EmptyState>
        }
      />
    </>
  )
}

type Act = ((alert: Alert, mine: boolean) => void) | undefined

function columnsOf(act: Act): ColumnDef<Alert>[] {
  return [
    {
      id: 'summary',
      header: 'What was noticed',
      meta: { wide: true },
      cell: ({ row: { original: alert } }) => (
        <span className="block max-w-2xl min-w-56 py-2 whitespace-normal">{alert.summary}</span>
      ),
    },
    {
      id: 'kind',
      header: 'Kind',
      meta: { from: 'md' },
      cell: ({ row: { original: alert } }) => (
        <Badge>{KINDS.find(({ value }) => value === alert.kind)?.label ?? alert.kind}</Badge>
      ),
    },
    {
      id: 'state',
      header: 'State',
      meta: { from: 'sm' },
      cell: ({ row: { original: alert } }) => <State alert={alert} />,
    },
    {
      id: 'raised_at',
      header: 'Since',
      meta: { from: 'lg' },
      cell: ({ row }) => <Time at={row.original.raised_at} />,
    },
    {
      id: 'resolved_at',
      header: 'Over',
      meta: { from: 'xl' },
      cell: ({ row }) => <Time at={row.original.resolved_at} never="Not yet" />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row: { original: alert } }) => {
        if (act === undefined || alert.state === 'resolved') return null
        const mine = alert.acknowledged_at === null
        return (
          <div className="text-right">
            <Button size="sm" variant={mine ? 'secondary' : 'ghost'} onClick={() => act(alert, mine)}>
              {mine ? 'Acknowledge' : 'Take back'}
            </Button>
          </div>
        )
      },
    },
  ]
}

function State({ alert }: { alert: Alert }) {
  if (alert.state === 'resolved') return <Status tone="good">Over</Status>
  if (alert.acknowledged_at === null) return <Status tone="bad">Open</Status>
  return <Status tone="warn">Looked after</Status>
}

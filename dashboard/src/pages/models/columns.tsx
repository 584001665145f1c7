import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { CodeXml, MessagesSquare } from 'lucide-react'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import { count, milliseconds } from '@/format/number'
import type { Can } from '@/session/session'
import { DayLine, GroupBadges, HealthStatus, ModelMark, Price, providerOf, TypeBadge } from './parts'
import type { Model } from './queries'

/** Those that the person may know the values of. */
export function modelColumns(can: Can, onApi: (model: Model) => void): ColumnDef<Model>[] {
  const figures: ColumnDef<Model>[] = can('Read', 'Analytics') ? trafficColumns() : []
  const groups: ColumnDef<Model>[] = can('Read', 'Groups')
    ? [
        {
          id: 'groups',
          header: 'Groups',
          meta: { from: 'xl' },
          cell: ({ row }) => <GroupBadges model={row.original} />,
        },
      ]
    : []
  return [
    {
      id: 'alias',
      header: 'Model',
      meta: { sort: 'alias', wide: true },
      cell: ({ row: { original: model } }) => (
        <div className="flex max-w-80 items-center gap-2.5 py-1.5 leading-4">
          <ModelMark model={model} />
          <div className="min-w-0">
            <Link
              to="/models/$modelId"
              params={{ modelId: model.id }}
              className="block truncate font-medium hover:underline"
            >
              {model.display_name ?? model.alias}
            </Link>
            <SecondName model={model} />
          </div>
        </div>
      ),
    },
    {
      id: 'provider',
      header: 'Provider',
      meta: { sort: 'provider', from: 'xl' },
      cell: ({ row }) => (
        <span className="block max-w-36 truncate text-soft">{providerOf(row.original) ?? '—'}</span>
      ),
    },
    {
      id: 'type',
      header: 'Type',
      meta: { from: 'sm' },
      cell: ({ row }) => <TypeBadge model={row.original} />,
    },
    {
      id: 'status',
      header: 'Status',
      meta: { from: 'md' },
      cell: ({ row }) => <HealthStatus model={row.original} />,
    },
    ...groups,
    {
      id: 'price',
      header: '$ in / out per 1M',
      meta: { sort: 'price_from', numeric: true, from: 'md' },
      cell: ({ row }) => <Price model={row.original} />,
    },
    ...figures,
    {
      id: 'api',
      header: () => <span className="sr-only">API</span>,
      meta: { numeric: true, pinned: true },
      cell: ({ row: { original: model } }) => (
        <span className="inline-flex gap-1">
          <Tooltip label="Try it in the playground">
            <Button asChild variant="ghost" size="icon-sm" className="max-sm:hidden">
              <Link to="/playground" search={{ model: model.alias }} aria-label={`Try ${model.alias}`}>
                <MessagesSquare aria-hidden />
              </Link>
            </Button>
          </Tooltip>
          <Button size="sm" aria-label={`API of ${model.alias}`} onClick={() => onApi(model)}>
            <CodeXml aria-hidden /> API
          </Button>
        </span>
      ),
    },
  ]
}

/** What the model is called elsewhere; where that is the same, who hosts it, if no column says so. */
function SecondName({ model }: { model: Model }) {
  const other = model.display_name == null ? model.model_name : model.alias
  if (other !== model.alias || model.display_name != null) {
    return <div className="truncate font-mono text-xs text-faint">{other}</div>
  }
  return <div className="truncate text-xs text-faint xl:hidden">{providerOf(model)}</div>
}

function trafficColumns(): ColumnDef<Model>[] {
  return [
    {
      id: 'requests',
      header: 'Requests',
      meta: { numeric: true, from: 'lg' },
      cell: ({ row }) => <Figure value={count(row.original.metrics?.total_requests ?? 0)} />,
    },
    {
      id: 'tokens',
      header: 'Tokens',
      meta: { numeric: true, from: '2xl' },
      cell: ({
        row: {
          original: { metrics },
        },
      }) => (
        <Figure value={count((metrics?.total_input_tokens ?? 0) + (metrics?.total_output_tokens ?? 0))} />
      ),
    },
    {
      id: 'latency',
      header: 'Avg. time',
      meta: { numeric: true, from: '2xl' },
      cell: ({ row }) => {
        const latency = row.original.metrics?.avg_latency_ms
        return latency == null ? (
          <span className="text-faint">—</span>
        ) : (
          <Figure value={milliseconds(latency)} />
        )
      },
    },
    {
      id: 'last_used',
      header: 'Last used',
      meta: { from: '2xl' },
      cell: ({ row }) => <Time at={row.original.metrics?.last_active_at} />,
    },
    {
      id: 'day',
      header: 'Last 24 h',
      meta: { from: 'lg' },
      cell: ({ row }) => <DayLine model={row.original} />,
    },
  ]
}

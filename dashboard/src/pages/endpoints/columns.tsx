import type { ColumnDef } from '@tanstack/react-table'
import { Ellipsis, KeyRound, ListChecks, Pencil, RefreshCw, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { Time } from '@/components/values'
import { ProviderMark } from '@/components/provider-mark'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { DIALECT_NAMES } from './connection'
import { EndpointHealth, ModelCount } from './parts'
import { providerAt, type Provider } from './presets'
import type { Endpoint } from './queries'

/** What can be done with an endpoint. The page opens the dialog. */
export type Action = 'edit' | 'synchronise' | 'models' | 'rotate' | 'delete'
export type Act = (action: Action, endpoint: Endpoint) => void

export function endpointColumns(
  providers: readonly Provider[],
  may: { change: boolean; remove: boolean },
  act: Act,
): ColumnDef<Endpoint>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      meta: { sort: 'name', wide: true },
      cell: ({ row }) => <NameCell endpoint={row.original} providers={providers} />,
    },
    {
      id: 'url',
      header: 'URL',
      meta: { from: 'lg' },
      cell: ({ row }) => (
        <code className="block max-w-80 truncate font-mono text-xs text-soft">{row.original.url}</code>
      ),
    },
    {
      id: 'dialect',
      header: 'Dialect',
      meta: { from: 'xl' },
      cell: ({ row: { original: endpoint } }) => (
        <Badge>{DIALECT_NAMES[endpoint.dialect] ?? endpoint.dialect}</Badge>
      ),
    },
    {
      id: 'models',
      header: 'Models',
      meta: { numeric: true },
      cell: ({ row }) => <ModelCount endpoint={row.original} />,
    },
    {
      id: 'health',
      header: 'Health',
      meta: { from: 'sm' },
      cell: ({ row }) => <EndpointHealth endpoint={row.original} />,
    },
    {
      id: 'synced_at',
      header: 'Synchronised',
      meta: { from: 'lg' },
      cell: ({ row }) => <Time at={row.original.synced_at} />,
    },
    {
      id: 'created_at',
      header: 'Connected',
      meta: { sort: 'created_at', from: 'md' },
      cell: ({ row }) => <Time at={row.original.created_at} />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row: { original: endpoint } }) =>
        (may.change || may.remove) && (
          <div className="text-right">
            <Menu
              trigger={
                <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${endpoint.name}`}>
                  <Ellipsis aria-hidden />
                </Button>
              }
            >
              {may.change && (
                <>
                  <MenuItem onSelect={() => act('synchronise', endpoint)}>
                    <RefreshCw aria-hidden /> Synchronise…
                  </MenuItem>
                  <MenuItem onSelect={() => act('models', endpoint)}>
                    <ListChecks aria-hidden /> Choose models…
                  </MenuItem>
                  <MenuItem onSelect={() => act('rotate', endpoint)}>
                    <KeyRound aria-hidden /> {endpoint.requires_api_key ? 'Rotate key…' : 'Add a key…'}
                  </MenuItem>
                  <MenuItem onSelect={() => act('edit', endpoint)}>
                    <Pencil aria-hidden /> Edit…
                  </MenuItem>
                </>
              )}
              {may.change && may.remove && <MenuSeparator />}
              {may.remove && (
                <MenuItem danger onSelect={() => act('delete', endpoint)}>
                  <Trash2 aria-hidden /> Delete…
                </MenuItem>
              )}
            </Menu>
          </div>
        ),
    },
  ]
}

function NameCell({ endpoint, providers }: { endpoint: Endpoint; providers: readonly Provider[] }) {
  const provider = providerAt(endpoint.url, providers)?.name
  // Where the name says who it is, the host does instead, until it has a column.
  const told = provider !== undefined && provider !== endpoint.name
  return (
    <div className="flex max-w-80 items-center gap-2.5 max-sm:max-w-44">
      <ProviderMark name={provider ?? endpoint.name} url={endpoint.url} />
      <span className="min-w-0 leading-4">
        <span className="block truncate font-medium">{endpoint.name}</span>
        <span className={cn('block truncate text-xs text-faint', !told && 'lg:hidden')}>
          {!told ? new URL(endpoint.url).host : provider}
        </span>
      </span>
    </div>
  )
}

import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { Ellipsis, Pencil, RotateCw, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Menu, MenuItem, MenuSeparator, Tooltip } from '@/design/menu'
import { money } from '@/format/number'
import { nameOf } from '@/format/person'
import { useCan } from '@/session/session'
import type { Key, ListedKey } from './queries'
import type { Rights } from './rights'

type Act = (key: ListedKey) => void

interface Actions {
  edit: Act
  rotate: Act
  remove: Act
  rights: (key: ListedKey) => Rights
}

/** `owners`: whose each is, too. */
export function keyColumns(actions: Actions, owners: boolean): ColumnDef<ListedKey>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      meta: { sort: 'name', wide: true },
      cell: ({ row: { original: key } }) => (
        <div className="max-w-72">
          <div className="flex items-center gap-2">
            <span className="truncate font-medium">{key.name}</span>
            <KeyState apiKey={key} />
          </div>
          <div className="truncate text-xs text-faint sm:hidden">
            <code className="font-mono">{key.prefix}…</code>
            {owners && key.owner !== undefined && <> · {nameOf(key.owner)}</>}
          </div>
        </div>
      ),
    },
    ...(owners ? [OWNER] : []),
    {
      id: 'prefix',
      header: 'Secret',
      meta: { from: 'sm' },
      cell: ({ row: { original: key } }) => (
        <code className="font-mono text-xs text-soft">{key.prefix}…</code>
      ),
    },
    {
      id: 'models',
      header: 'Models',
      meta: { from: owners ? 'xl' : 'lg' },
      cell: ({ row: { original: key } }) => (
        <ModelsOfKey apiKey={key} whose={owners ? 'its owner’s' : 'yours'} />
      ),
    },
    {
      id: 'limits',
      header: 'Limits',
      meta: { from: owners ? '2xl' : 'xl' },
      cell: ({ row: { original: key } }) => <Limits apiKey={key} />,
    },
    {
      id: 'spend',
      header: 'Budget',
      meta: { numeric: true, from: 'md' },
      cell: ({ row: { original: key } }) => <Spending apiKey={key} />,
    },
    {
      id: 'last_used',
      header: 'Last used',
      meta: { sort: 'last_used', from: 'sm' },
      cell: ({ row }) => <Time at={row.original.last_used} />,
    },
    {
      id: 'expires_at',
      header: 'Expires',
      meta: { sort: 'expires_at', from: 'md' },
      cell: ({ row }) => <Time at={row.original.expires_at} />,
    },
    {
      id: 'created_at',
      header: 'Created',
      meta: { sort: 'created_at', from: owners ? '2xl' : 'xl' },
      cell: ({ row }) => <Time at={row.original.created_at} />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row }) => <RowMenu apiKey={row.original} {...actions} />,
    },
  ]
}

const OWNER: ColumnDef<ListedKey> = {
  id: 'owner',
  header: 'Owner',
  meta: { from: 'sm' },
  cell: ({ row: { original: key } }) =>
    key.owner !== undefined && (
      <span className="flex max-w-48 items-center gap-2">
        <OwnerName owner={key.owner} />
        {!key.owner.is_active && <Badge tone="warn">Disabled</Badge>}
      </span>
    ),
}

type Owner = Parameters<typeof nameOf>[0] & { id: string }

/** Leads to the account, for whoever may see it. */
export function OwnerName({ owner }: { owner: Owner }) {
  const can = useCan()
  if (!can('Read', 'Users')) return <span className="truncate">{nameOf(owner)}</span>
  return (
    <Link to="/users" search={{ user: owner.id }} className="truncate hover:underline">
      {nameOf(owner)}
    </Link>
  )
}

function RowMenu({ apiKey: key, edit, rotate, remove, rights }: Actions & { apiKey: ListedKey }) {
  const may = rights(key)
  if (!may.change && !may.remove) return null
  return (
    <div className="text-right">
      <Menu
        trigger={
          <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${key.name}`}>
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        {may.change && (
          <>
            <MenuItem onSelect={() => edit(key)}>
              <Pencil aria-hidden /> Edit…
            </MenuItem>
            <MenuItem onSelect={() => rotate(key)}>
              <RotateCw aria-hidden /> Rotate…
            </MenuItem>
          </>
        )}
        {may.change && may.remove && <MenuSeparator />}
        {may.remove && (
          <MenuItem danger onSelect={() => remove(key)}>
            <Trash2 aria-hidden /> Delete…
          </MenuItem>
        )}
      </Menu>
    </div>
  )
}

export function KeyState({ apiKey: key }: { apiKey: Key }) {
  const now = Date.now()
  return (
    <>
      {key.purpose === 'platform' && <Badge tone="note">Management API</Badge>}
      {key.expires_at !== null && Date.parse(key.expires_at) <= now && <Badge tone="bad">Expired</Badge>}
      {key.previous_secret_expires_at !== null && Date.parse(key.previous_secret_expires_at) > now && (
        <Badge tone="warn">Rotating</Badge>
      )}
    </>
  )
}

function ModelsOfKey({ apiKey: key, whose }: { apiKey: Key; whose: string }) {
  if (key.purpose === 'platform') return <span className="text-faint">None</span>
  if (key.models === null)
    return (
      <span className="text-soft">
        All of {whose} ({key.model_access.length})
      </span>
    )
  const [first, ...others] = key.models
  return (
    <span className="inline-flex items-center gap-1.5 text-soft">
      <span className="max-w-40 truncate">{first ?? 'None'}</span>
      {others.length > 0 && <Badge>+{others.length}</Badge>}
    </span>
  )
}

function Limits({ apiKey: key }: { apiKey: Key }) {
  const rate = key.requests_per_second ?? key.inherited_rate_limit?.requests_per_second
  if (rate === undefined) return <span className="text-faint">None</span>
  const inherited = key.requests_per_second === null
  return (
    <Tooltip label={inherited ? 'What holds for keys without limits of their own.' : 'This key’s own.'}>
      <span className={cn('whitespace-nowrap tabular-nums', inherited ? 'text-faint' : 'text-soft')}>
        {rate} a second
      </span>
    </Tooltip>
  )
}

const EVERY: Record<string, string> = { daily: 'a day', weekly: 'a week', monthly: 'a month' }

export function Spending({ apiKey: key }: { apiKey: Key }) {
  if (key.spend_limit === null) return <span className="text-faint">No limit</span>
  const used = Math.min(1, Number(key.spend ?? 0) / Number(key.spend_limit))
  return (
    <span className="inline-flex flex-col items-end gap-1">
      <span>
        <Figure value={money(key.spend ?? '0')} />
        <span className="text-faint">
          {' '}
          of {money(key.spend_limit).shown} {EVERY[key.spend_limit_interval ?? ''] ?? 'in all'}
        </span>
      </span>
      <progress
        aria-label="Share of the limit that is spent"
        value={used}
        className="h-1 w-24 appearance-none overflow-hidden rounded-full bg-line [&::-webkit-progress-bar]:bg-line [&::-webkit-progress-value]:bg-accent"
      />
    </span>
  )
}

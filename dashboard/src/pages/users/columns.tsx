import type { ColumnDef } from '@tanstack/react-table'
import { Ellipsis, Trash2, UserRound } from 'lucide-react'
import { Avatar } from '@/components/avatar'
import { Badge } from '@/components/badge'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { money } from '@/format/number'
import type { Can } from '@/session/session'
import { addressOf, nameOf } from '@/format/person'
import { GroupBadges, RoleBadges } from './badges'
import type { User } from './queries'
import { sourceName } from './roles'

interface Actions {
  open: (user: User) => void
  /** Whom the caller may delete, and how. */
  remove: (user: User) => (() => void) | undefined
}

export function userColumns(can: Can, { open, remove }: Actions): ColumnDef<User>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      meta: { sort: 'name', wide: true },
      cell: ({ row: { original: user } }) => (
        <div className="flex max-w-80 items-center gap-2.5">
          <Avatar name={nameOf(user)} />
          <div className="min-w-0 leading-4">
            <div className="flex items-center gap-2">
              <span className="truncate font-medium">{nameOf(user)}</span>
              {!user.is_active && <Badge tone="warn">Disabled</Badge>}
            </div>
            <div className="truncate text-xs text-faint lg:hidden">{addressOf(user)}</div>
          </div>
        </div>
      ),
    },
    {
      id: 'email',
      header: 'E-mail',
      meta: { sort: 'email', from: 'lg' },
      cell: ({ row }) => <span className="block max-w-60 truncate text-soft">{row.original.email}</span>,
    },
    {
      id: 'roles',
      header: 'Roles',
      meta: { from: 'sm' },
      cell: ({ row }) => <RoleBadges user={row.original} />,
    },
    {
      id: 'groups',
      header: 'Groups',
      meta: { from: 'md' },
      cell: ({ row }) => <GroupBadges user={row.original} />,
    },
    ...(can('Read', 'Credits') ? [BALANCE] : []),
    {
      id: 'last_login',
      header: 'Last seen',
      meta: { sort: 'last_login', from: 'sm' },
      cell: ({ row }) => <Time at={row.original.last_login} />,
    },
    {
      id: 'auth_source',
      header: 'Signs in by',
      meta: { from: 'xl' },
      cell: ({ row }) => <span className="text-soft">{sourceName(row.original.auth_source)}</span>,
    },
    {
      id: 'created_at',
      header: 'Created',
      meta: { sort: 'created_at', from: '2xl' },
      cell: ({ row }) => <Time at={row.original.created_at} />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row: { original: user } }) => (
        <RowMenu name={nameOf(user)} onOpen={() => open(user)} onDelete={remove(user)} />
      ),
    },
  ]
}

const BALANCE: ColumnDef<User> = {
  id: 'balance',
  header: 'Balance',
  meta: { numeric: true, from: 'md' },
  cell: ({ row }) => <Figure value={money(row.original.credit_balance ?? 0)} />,
}

interface RowMenuProps {
  name: string
  onOpen: () => void
  onDelete: (() => void) | undefined
}

function RowMenu({ name, onOpen, onDelete }: RowMenuProps) {
  return (
    <div className="text-right">
      <Menu
        trigger={
          <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${name}`}>
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        <MenuItem onSelect={onOpen}>
          <UserRound aria-hidden /> Open
        </MenuItem>
        {onDelete !== undefined && (
          <>
            <MenuSeparator />
            <MenuItem danger onSelect={onDelete}>
              <Trash2 aria-hidden /> Delete…
            </MenuItem>
          </>
        )}
      </Menu>
    </div>
  )
}

import type { ColumnDef } from '@tanstack/react-table'
import { Ellipsis, Pencil, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { count } from '@/format/number'
import { EVERYONE, type Group } from './queries'

interface Actions {
  edit: ((group: Group) => void) | undefined
  remove: ((group: Group) => void) | undefined
}

export function groupColumns({ edit, remove }: Actions): ColumnDef<Group>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      meta: { sort: 'name', wide: true },
      cell: ({ row: { original: group } }) => (
        <div className="max-w-96 leading-4">
          <div className="flex items-center gap-2">
            <span className="truncate font-medium">{group.name}</span>
            <span className={cn(group.id === EVERYONE && 'max-sm:hidden')}>
              <GroupSource group={group} />
            </span>
          </div>
          {group.description !== null && group.description !== '' && (
            <div className="truncate text-xs text-faint">{group.description}</div>
          )}
        </div>
      ),
    },
    {
      id: 'members',
      header: 'Members',
      meta: { numeric: true },
      cell: ({ row }) => <Figure value={count(row.original.member_count ?? 0)} />,
    },
    {
      id: 'models',
      header: 'Models',
      meta: { numeric: true },
      cell: ({ row }) => <Figure value={count(row.original.model_count ?? 0)} />,
    },
    {
      id: 'created_at',
      header: 'Created',
      meta: { from: 'md' },
      cell: ({ row }) => <Time at={row.original.created_at} />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row: { original: group } }) =>
        group.id !== EVERYONE &&
        (edit !== undefined || remove !== undefined) && (
          <div className="text-right">
            <Menu
              trigger={
                <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${group.name}`}>
                  <Ellipsis aria-hidden />
                </Button>
              }
            >
              {edit !== undefined && (
                <MenuItem onSelect={() => edit(group)}>
                  <Pencil aria-hidden /> Edit…
                </MenuItem>
              )}
              {edit !== undefined && remove !== undefined && <MenuSeparator />}
              {remove !== undefined && (
                <MenuItem danger onSelect={() => remove(group)}>
                  <Trash2 aria-hidden /> Delete…
                </MenuItem>
              )}
            </Menu>
          </div>
        ),
    },
  ]
}

/** Where a group comes from, where that is not here. */
export function GroupSource({ group }: { group: Pick<Group, 'id' | 'source'> }) {
  if (group.id === EVERYONE) return <Badge>Every user</Badge>
  return group.source === 'native' ? null : <Badge tone="note">From {group.source}</Badge>
}

import type { ColumnDef } from '@tanstack/react-table'
import { Ellipsis, Pencil, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import type { RateLimit } from './queries'
import { limitWords } from './values'

interface Actions {
  edit: ((limit: RateLimit) => void) | undefined
  remove: ((limit: RateLimit) => void) | undefined
}

export function limitColumns({ edit, remove }: Actions): ColumnDef<RateLimit>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      meta: { wide: true },
      cell: ({ row: { original } }) => (
        <div className="max-w-72 leading-4">
          <div className="truncate font-medium">{original.name}</div>
          <div className="truncate text-xs text-faint sm:hidden">{limitWords(original)}</div>
        </div>
      ),
    },
    {
      id: 'limit',
      header: 'Limit',
      meta: { from: 'sm' },
      cell: ({ row: { original } }) => limitWords(original),
    },
    {
      id: 'scope',
      header: 'Of',
      cell: ({ row: { original } }) => (
        <span className="flex items-center gap-2">
          <Badge className="capitalize">{original.scope}</Badge>
          <span className="max-w-40 truncate text-soft">{original.scope_name ?? 'Deleted'}</span>
        </span>
      ),
    },
    {
      id: 'created_at',
      header: 'Made',
      meta: { from: 'lg' },
      cell: ({ row }) => <Time at={row.original.created_at} />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row: { original } }) =>
        (edit !== undefined || remove !== undefined) && (
          <div className="text-right">
            <Menu
              trigger={
                <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${original.name}`}>
                  <Ellipsis aria-hidden />
                </Button>
              }
            >
              {edit !== undefined && (
                <MenuItem onSelect={() => edit(original)}>
                  <Pencil aria-hidden /> Edit…
                </MenuItem>
              )}
              {edit !== undefined && remove !== undefined && <MenuSeparator />}
              {remove !== undefined && (
                <MenuItem danger onSelect={() => remove(original)}>
                  <Trash2 aria-hidden /> Delete…
                </MenuItem>
              )}
            </Menu>
          </div>
        ),
    },
  ]
}

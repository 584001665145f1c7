import { useQuery } from '@tanstack/react-query'
import { Pencil, RotateCw, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { DetailList } from '@/components/detail-list'
import { Badge } from '@/components/badge'
import { Skeleton } from '@/components/page'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import { useUser } from '@/session/session'
import { KeyState, Spending } from './columns'
import { CACHINGS } from './new-key'
import { ownGroupsOptions, type Key } from './queries'

interface KeyDrawerProps {
  apiKey: Key
  onClose: () => void
  onEdit: (() => void) | undefined
  onRotate: (() => void) | undefined
  onDelete: (() => void) | undefined
}

export function KeyDrawer({ apiKey: key, onClose, onEdit, onRotate, onDelete }: KeyDrawerProps) {
  return (
    <Drawer
      open
      onClose={onClose}
      title={
        <span className="flex items-center gap-2">
          <span className="truncate">{key.name}</span> <KeyState apiKey={key} />
        </span>
      }
      {...(key.description === null ? {} : { description: key.description })}
      footer={
        <>
          {onDelete !== undefined && (
            <Button onClick={onDelete} className="mr-auto text-bad">
              <Trash2 aria-hidden /> Delete…
            </Button>
          )}
          {onRotate !== undefined && (
            <Button onClick={onRotate}>
              <RotateCw aria-hidden /> Rotate…
            </Button>
          )}
          {onEdit !== undefined && (
            <Button onClick={onEdit}>
              <Pencil aria-hidden /> Edit…
            </Button>
          )}
        </>
      }
    >
      <DetailList
        entries={[
          [
            'Secret',
            <code key="secret" className="font-mono text-xs">
              {key.prefix}…
            </code>,
          ],
          ['Owner', <Owner key="owner" />],
          ['For', key.purpose === 'platform' ? 'The management API' : 'AI requests'],
          ...(key.purpose === 'platform' ? [] : limitsOf(key)),
          ['Last used', <Time key="used" at={key.last_used} />],
          ['Expires', <Time key="expires" at={key.expires_at} />],
          ['Old secret works until', <Time key="old" at={key.previous_secret_expires_at} never="—" />],
          ['Created', <Time key="created" at={key.created_at} />],
        ]}
      />
    </Drawer>
  )
}

function limitsOf(key: Key): (readonly [string, ReactNode])[] {
  const rate = key.requests_per_second ?? key.inherited_rate_limit?.requests_per_second
  const burst = key.burst_size ?? key.inherited_rate_limit?.burst_size
  return [
    ['Models', <Models key="models" apiKey={key} />],
    ['Groups', <Groups key="groups" />],
    ['Requests a second', rate ?? none],
    ['At once', burst ?? none],
    ['Budget', <Spending key="spent" apiKey={key} />],
    ['Counted anew', key.resets_at === null ? none : <Time key="resets" at={key.resets_at} />],
    ['Conversations', key.zero_data_retention ? 'Not kept' : 'Kept as the server is configured'],
    ['Kept answers', CACHINGS.find(({ value }) => value === (key.caching ?? 'model'))?.label],
  ]
}

function Owner() {
  const { display_name, username, email } = useUser()
  return (
    <>
      {display_name ?? username} <span className="text-faint">{email}</span>
    </>
  )
}

/** A key has no groups of its own. */
function Groups() {
  const groups = useQuery(ownGroupsOptions(useUser().id))
  if (groups.isError) return <span className="text-faint">They could not be read.</span>
  if (groups.data === undefined) return <Skeleton className="w-32" />
  return (
    <span className="flex flex-wrap items-center gap-1">
      {groups.data.map(({ id, name }) => (
        <Badge key={id}>{name}</Badge>
      ))}
      <span className="text-xs text-faint">as its owner</span>
    </span>
  )
}

const none: ReactNode = <span className="text-faint">—</span>

function Models({ apiKey: key }: { apiKey: Key }) {
  if (key.purpose === 'platform') return none
  if (key.models === null) return `All that you may use (${key.model_access.length})`
  return (
    <span className="flex flex-wrap gap-1">
      {key.models.map((alias) => (
        <Badge key={alias}>{alias}</Badge>
      ))}
    </span>
  )
}

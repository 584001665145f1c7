import { useQuery } from '@tanstack/react-query'
import { Pencil, RotateCw, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { DetailList } from '@/components/detail-list'
import { Badge } from '@/components/badge'
import { Skeleton } from '@/components/page'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import { groupsOfUserOptions } from '@/pages/users/queries'
import { useUser } from '@/session/session'
import { KeyState, OwnerName, Spending } from './columns'
import { cachings } from './new-key'
import type { Key, ListedKey } from './queries'
import { useStranger } from './rights'

interface KeyDrawerProps {
  apiKey: ListedKey
  onClose: () => void
  onEdit: (() => void) | undefined
  onRotate: (() => void) | undefined
  onDelete: (() => void) | undefined
}

export function KeyDrawer({ apiKey: key, onClose, onEdit, onRotate, onDelete }: KeyDrawerProps) {
  const own = useStranger()(key) === undefined
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
          ['Owner', <Owner key="owner" apiKey={key} />],
          ['For', key.purpose === 'platform' ? 'The management API' : 'AI requests'],
          ...(key.purpose === 'platform' ? [] : limitsOf(key, own)),
          ['Last used', <Time key="used" at={key.last_used} />],
          ['Expires', <Time key="expires" at={key.expires_at} />],
          ['Old secret works until', <Time key="old" at={key.previous_secret_expires_at} never="—" />],
          ['Created', <Time key="created" at={key.created_at} />],
        ]}
      />
    </Drawer>
  )
}

function limitsOf(key: Key, own: boolean): (readonly [string, ReactNode])[] {
  const rate = key.requests_per_second ?? key.inherited_rate_limit?.requests_per_second
  const burst = key.burst_size ?? key.inherited_rate_limit?.burst_size
  return [
    ['Models', <Models key="models" apiKey={key} own={own} />],
    ['Groups', <Groups key="groups" ownerId={key.user_id} />],
    ['Requests a second', rate ?? none],
    ['At once', burst ?? none],
    ['Budget', <Spending key="spent" apiKey={key} />],
    ['Counted anew', key.resets_at === null ? none : <Time key="resets" at={key.resets_at} />],
    ['Conversations', key.zero_data_retention ? 'Not kept' : 'Kept as the server is configured'],
    ['Kept answers', cachings(own).find(({ value }) => value === (key.caching ?? 'model'))?.label],
  ]
}

function Owner({ apiKey: { owner } }: { apiKey: ListedKey }) {
  const me = useUser()
  const { email } = owner ?? me
  return (
    <>
      <OwnerName owner={owner ?? me} /> <span className="text-faint">{email}</span>
      {owner?.is_active === false && (
        <>
          {' '}
          <Badge tone="warn">Disabled</Badge>
        </>
      )}
    </>
  )
}

/** A key has no groups of its own. */
function Groups({ ownerId }: { ownerId: string }) {
  const groups = useQuery(groupsOfUserOptions(ownerId))
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

function Models({ apiKey: key, own }: { apiKey: Key; own: boolean }) {
  if (key.purpose === 'platform') return none
  if (key.models === null) return `All that ${own ? 'you' : 'its owner'} may use (${key.model_access.length})`
  return (
    <span className="flex flex-wrap gap-1">
      {key.models.map((alias) => (
        <Badge key={alias}>{alias}</Badge>
      ))}
    </span>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Badge } from '@/components/badge'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ErrorState, Skeleton } from '@/components/page'
import { say } from '@/components/toast'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { count, money } from '@/format/number'
import { useCan } from '@/session/session'
import { nameOf } from '@/format/person'
import { keysOfUserOptions, useDeleteKeyOfUser, type Key, type User } from './queries'
import { useMayChange } from './rights'

export function KeysTab({ user }: { user: User }) {
  const can = useCan()
  const query = useQuery(keysOfUserOptions(user.id))
  const mayDelete = useMayChange(user) && can('Delete', 'ApiKeys')
  const [doomed, setDoomed] = useState<Key>()
  const remove = useDeleteKeyOfUser(user.id)
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (query.isPending) return <Skeleton className="w-64" />
  const { data: keys, total_count: total } = query.data
  if (total === 0) {
    return <p className="py-8 text-center text-faint">{nameOf(user)} has made no API key yet.</p>
  }
  return (
    <>
      <ul
        aria-label={`API keys of ${nameOf(user)}`}
        className="divide-y divide-line rounded-lg border border-line"
      >
        {keys.map((key) => (
          <li key={key.id} className="flex items-center gap-3 py-2 pr-2 pl-3">
            <div className="min-w-0 flex-1 leading-4">
              <p className="flex items-center gap-2">
                <span className="truncate font-medium">{key.name}</span>
                {key.purpose === 'platform' && <Badge tone="note">Management API</Badge>}
                {isExpired(key) && <Badge tone="bad">Expired</Badge>}
              </p>
              <p className="mt-0.5 text-xs text-faint">
                <code className="font-mono">{key.prefix}…</code> · {key.last_used !== null && 'used '}
                <Time at={key.last_used} never="never used" />
                {key.spend_limit !== null && (
                  <>
                    {' '}
                    · <Figure value={money(key.spend ?? '0')} /> of {money(key.spend_limit).shown}
                  </>
                )}
              </p>
            </div>
            {mayDelete && (
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Delete ${key.name}`}
                onClick={() => setDoomed(key)}
              >
                <Trash2 aria-hidden />
              </Button>
            )}
          </li>
        ))}
      </ul>
      <p className="mt-3 text-xs text-faint">
        {total > keys.length && `The newest ${keys.length} of ${count(total).exact}. `}
        <Link
          to="/api-keys"
          search={{ whose: 'all', user_id: user.id }}
          className="text-accent underline underline-offset-2"
        >
          Among all keys
        </Link>{' '}
        they can be edited and rotated.
      </p>
      <ConfirmDialog
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        danger
        title={`Delete ${doomed?.name ?? ''}?`}
        action="Delete key"
        onConfirm={async () => {
          if (doomed === undefined) return
          await remove.mutateAsync(doomed.id)
          say(`${doomed.name} of ${nameOf(user)} is deleted.`)
        }}
      >
        <p>
          Programs that show it are refused at once. This cannot be undone; what was used stays on record.
        </p>
      </ConfirmDialog>
    </>
  )
}

function isExpired(key: Key): boolean {
  return key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()
}

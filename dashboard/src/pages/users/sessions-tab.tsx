import { useQuery } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { Badge } from '@/components/badge'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ErrorState, Skeleton } from '@/components/page'
import { say, sayProblem } from '@/components/toast'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import { plural } from '@/format/number'
import { nameOf } from '@/format/person'
import { browserName } from './browser-name'
import { sessionsOfUserOptions, useEndSessions, type User } from './queries'
import { useMayChange } from './rights'

export function SessionsTab({ user }: { user: User }) {
  const query = useQuery(sessionsOfUserOptions(user.id))
  const mayEnd = useMayChange(user)
  const end = useEndSessions(user.id)
  const [asking, setAsking] = useState(false)
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (query.isPending) return <Skeleton className="w-64" />
  const { data: sessions } = query.data
  const others = query.data.total_count - sessions.filter((session) => session.current).length
  if (sessions.length === 0) {
    return <p className="py-8 text-center text-faint">{nameOf(user)} is signed in nowhere.</p>
  }
  return (
    <>
      <ul
        aria-label={`Sessions of ${nameOf(user)}`}
        className="divide-y divide-line rounded-lg border border-line"
      >
        {sessions.map((session) => (
          <li key={session.id} className="flex items-center gap-3 py-2 pr-2 pl-3">
            <div className="min-w-0 flex-1 leading-4">
              <p className="flex items-center gap-2">
                <Tooltip label={session.user_agent ?? 'It does not say what it is.'}>
                  <span className="truncate font-medium">{browserName(session.user_agent)}</span>
                </Tooltip>
                {session.current && <Badge tone="good">This one</Badge>}
              </p>
              <p className="mt-0.5 text-xs text-faint">
                {session.peer_address ?? 'Unknown address'} · seen <Time at={session.last_seen} /> · signed in{' '}
                <Time at={session.created_at} />
              </p>
            </div>
            {mayEnd && !session.current && (
              <Button
                size="sm"
                aria-label={`End the session of ${browserName(session.user_agent)}`}
                busy={end.isPending && end.variables === session.id}
                onClick={() =>
                  end.mutate(session.id, {
                    onSuccess: () => say('The session is ended.'),
                    onError: sayProblem,
                  })
                }
              >
                End
              </Button>
            )}
          </li>
        ))}
      </ul>
      {mayEnd && others > 1 && (
        <div className="mt-3 flex justify-end">
          <Button onClick={() => setAsking(true)}>
            <LogOut aria-hidden /> End {others === sessions.length ? `all ${others}` : `the ${others} others`}
            …
          </Button>
        </div>
      )}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        danger
        title={`End ${plural(others, 'session')} of ${nameOf(user)}?`}
        action={`End ${plural(others, 'session')}`}
        onConfirm={async () => {
          await end.mutateAsync(undefined)
          say(`${nameOf(user)} is signed out.`)
        }}
      >
        <p>Whoever sits there has to sign in again. API keys go on working.</p>
      </ConfirmDialog>
    </>
  )
}

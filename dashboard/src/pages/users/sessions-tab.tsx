import { useQuery } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ErrorState, Skeleton } from '@/components/page'
import { SessionList } from '@/components/session-list'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { nameOf } from '@/format/person'
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
      <SessionList
        label={`Sessions of ${nameOf(user)}`}
        sessions={sessions}
        ending={end.isPending ? end.variables : undefined}
        onEnd={
          mayEnd
            ? (id) => end.mutate(id, { onSuccess: () => say('The session is ended.'), onError: sayProblem })
            : undefined
        }
      />
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

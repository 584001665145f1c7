import { useQuery } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { SessionList } from '@/components/session-list'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { sessionsOfUserOptions, useEndSessions } from '@/pages/users/queries'
import { useUser } from '@/session/session'

export function OwnSessions() {
  const user = useUser()
  const query = useQuery(sessionsOfUserOptions(user.id))
  const end = useEndSessions(user.id)
  const [asking, setAsking] = useState(false)
  const sessions = query.data?.data ?? []
  const others = (query.data?.total_count ?? 0) - sessions.filter(({ current }) => current).length
  return (
    <>
      <Panel
        title="Sessions"
        description="Browsers in which you are signed in. End those that you do not know."
        actions={
          others > 0 && (
            <Button onClick={() => setAsking(true)}>
              <LogOut aria-hidden /> End all others…
            </Button>
          )
        }
      >
        {query.isError ? (
          <ErrorState error={query.error} retry={() => void query.refetch()} />
        ) : query.isPending ? (
          <Skeleton className="w-64" />
        ) : (
          <SessionList
            label="Your sessions"
            sessions={sessions}
            ending={end.isPending ? end.variables : undefined}
            onEnd={(id) =>
              end.mutate(id, { onSuccess: () => say('The session is ended.'), onError: sayProblem })
            }
          />
        )}
      </Panel>
      <ConfirmDialog
        danger
        open={asking}
        onClose={() => setAsking(false)}
        title={`End ${plural(others, 'other session')}?`}
        action={`End ${plural(others, 'session')}`}
        onConfirm={async () => {
          await end.mutateAsync(undefined)
          say('You are signed in here only.')
        }}
      >
        <p>Whoever sits there has to sign in again. You stay signed in here; API keys go on working.</p>
      </ConfirmDialog>
    </>
  )
}

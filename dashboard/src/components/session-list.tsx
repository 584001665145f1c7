/** Where somebody is signed in. */
import type { Schema } from '@/api/client'
import { Badge } from '@/components/badge'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import { browserName } from '@/format/browser-name'

interface SessionListProps {
  /** Whose they are, for screen readers. */
  label: string
  sessions: readonly Schema['Session'][]
  /** Ends one; absent where one may not. */
  onEnd: ((id: string) => void) | undefined
  /** The one that is being ended. */
  ending: string | undefined
}

export function SessionList({ label, sessions, onEnd, ending }: SessionListProps) {
  return (
    <ul aria-label={label} className="divide-y divide-line rounded-lg border border-line">
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
          {onEnd !== undefined && !session.current && (
            <Button
              size="sm"
              aria-label={`End the session of ${browserName(session.user_agent)}`}
              busy={ending === session.id}
              onClick={() => onEnd(session.id)}
            >
              End
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}

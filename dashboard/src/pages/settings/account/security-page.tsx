import { useUser } from '@/session/session'
import { sourceName } from '@/format/roles'
import { Panel } from '@/components/panel'
import { Sheet } from '../sheet'
import { OwnSessions } from './own-sessions'
import { PasswordPanel } from './password-panel'

const WITH_PASSWORD = ['native', 'system']

export function SecurityPage() {
  const user = useUser()
  return (
    <Sheet title="Password & sessions" description="How you come in, and where you are signed in.">
      {WITH_PASSWORD.includes(user.auth_source) ? (
        <PasswordPanel />
      ) : (
        <Panel
          title="Password"
          description={`You sign in by: ${sourceName(user.auth_source)}. Your password, if there is one, is kept and changed there.`}
        />
      )}
      <OwnSessions />
    </Sheet>
  )
}

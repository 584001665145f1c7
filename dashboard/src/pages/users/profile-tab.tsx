import { Link } from '@tanstack/react-router'
import { KeyRound, Trash2 } from 'lucide-react'
import { useId, useState, type ReactNode } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DetailList } from '@/components/detail-list'
import { SecretShown } from '@/components/secret-shown'
import { say } from '@/components/toast'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Switch } from '@/design/field'
import { money } from '@/format/number'
import { useCan, useUser } from '@/session/session'
import { nameOf } from '@/format/person'
import { AccountEdit } from './account-edit'
import { useChangeUser, useGeneratePassword, type User } from './queries'
import { useMayChange } from './rights'
import { notableRoles, roleName, sourceName } from '@/format/roles'

interface ProfileTabProps {
  user: User
  /** Absent where the person may not be deleted, or not by the caller. */
  removal: (() => void) | undefined
}

export function ProfileTab({ user, removal }: ProfileTabProps) {
  const mayChange = useMayChange(user)
  const me = useUser()
  return (
    <div className="space-y-6">
      <DetailList
        entries={[
          ['Username', user.username],
          ['Signs in by', sourceName(user.auth_source)],
          ['Balance', <Balance key="balance" user={user} />],
          ['Last seen', <Time key="seen" at={user.last_login} />],
          ['Created', <Time key="created" at={user.created_at} />],
          ...(mayChange
            ? []
            : ([
                ['Roles', roles(user)],
                ['Low balance', lowBalance(user)],
              ] as const)),
          [
            'Id',
            <code key="id" className="font-mono text-xs">
              {user.id}
            </code>,
          ],
        ]}
      />
      {mayChange && <AccountEdit user={user} />}
      {mayChange && (
        <section className="divide-y divide-line border-t border-line">
          {user.id !== me.id && !user.is_admin && <ActiveSwitch user={user} />}
          {user.auth_source === 'native' && user.id !== me.id && <NewPassword user={user} />}
          {removal !== undefined && (
            <Setting title="Delete" note="The account, its keys and what names the person, for good.">
              <Button className="text-bad" onClick={removal}>
                <Trash2 aria-hidden /> Delete…
              </Button>
            </Setting>
          )}
        </section>
      )}
    </div>
  )
}

function roles(user: User): string {
  return ['StandardUser', ...notableRoles(user.roles)].map(roleName).join(', ')
}

function lowBalance({ low_balance_threshold: least }: User): string {
  return least === null ? 'Tells nobody' : `Below ${money(least).shown}`
}

function Balance({ user }: { user: User }) {
  const can = useCan()
  if (user.credit_balance == null) return '—'
  const figure = <Figure value={money(user.credit_balance)} />
  if (!can('Read', 'Credits')) return figure
  return (
    <Link to="/billing" search={{ account: user.id }} className="text-accent underline underline-offset-2">
      {figure}
    </Link>
  )
}

function ActiveSwitch({ user }: { user: User }) {
  const id = useId()
  const [asking, setAsking] = useState(false)
  const change = useChangeUser(user.id)
  const set = async (is_active: boolean) => {
    await change.mutateAsync({ is_active })
    say(is_active ? `${nameOf(user)} may sign in again.` : `${nameOf(user)} is disabled.`)
  }
  return (
    <>
      <Setting
        labelFor={id}
        title="May sign in"
        note="Switched off, sessions and API keys rest until it is on again."
      >
        <Switch
          id={id}
          checked={user.is_active}
          disabled={change.isPending}
          onCheckedChange={(on) => (on ? void set(true) : setAsking(true))}
        />
      </Setting>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        danger
        title={`Disable ${nameOf(user)}?`}
        action="Disable user"
        onConfirm={() => set(false)}
      >
        <p>
          They are signed out everywhere, and programs that show their keys are refused, until you switch the
          account on again. Nothing is deleted.
        </p>
      </ConfirmDialog>
    </>
  )
}

function NewPassword({ user }: { user: User }) {
  const [asking, setAsking] = useState(false)
  const [password, setPassword] = useState<string>()
  const generate = useGeneratePassword()
  return (
    <>
      <Setting title="Password" note="A new one is generated, and shown to you once.">
        <Button onClick={() => setAsking(true)}>
          <KeyRound aria-hidden /> New password…
        </Button>
      </Setting>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Give ${nameOf(user)} a new password?`}
        action="Generate password"
        onConfirm={async () => setPassword(await generate.mutateAsync(user.id))}
      >
        <p>The old one stops working, and they are signed out everywhere. API keys go on working.</p>
      </ConfirmDialog>
      {password !== undefined && (
        <SecretShown
          secret={password}
          title={`The new password of ${nameOf(user)}`}
          onStored={() => setPassword(undefined)}
        >
          This is the only time the password is shown. Hand it over in a safe way; its owner changes it when
          they are signed in.
        </SecretShown>
      )}
    </>
  )
}

interface SettingProps {
  title: string
  note: string
  labelFor?: string
  children: ReactNode
}

function Setting({ title, note, labelFor, children }: SettingProps) {
  return (
    <div className="flex items-center justify-between gap-4 py-3">
      <div>
        {labelFor === undefined ? (
          <p className="font-medium">{title}</p>
        ) : (
          <label htmlFor={labelFor} className="font-medium">
            {title}
          </label>
        )}
        <p className="text-xs text-faint">{note}</p>
      </div>
      {children}
    </div>
  )
}

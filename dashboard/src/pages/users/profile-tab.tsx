import { KeyRound, Trash2 } from 'lucide-react'
import { useId, useState, type ReactNode } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DetailList } from '@/components/detail-list'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { SecretShown } from '@/components/secret-shown'
import { say } from '@/components/toast'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Input, Switch } from '@/design/field'
import { money } from '@/format/number'
import { useUser } from '@/session/session'
import { nameOf } from '@/format/person'
import { useChangeUser, useGeneratePassword, type User } from './queries'
import { useMayChange } from './rights'
import { RoleChoice } from './role-choice'
import { notableRoles, roleName, sourceName, type Role } from './roles'

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
          ['Balance', user.credit_balance == null ? '—' : <Figure value={money(user.credit_balance)} />],
          ['Last seen', <Time key="seen" at={user.last_login} />],
          ['Created', <Time key="created" at={user.created_at} />],
          ...(mayChange ? [] : ([['Roles', roles(user)]] as const)),
          [
            'Id',
            <code key="id" className="font-mono text-xs">
              {user.id}
            </code>,
          ],
        ]}
      />
      {mayChange && <EditForm user={user} />}
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

function EditForm({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  const form = useForm<{ display_name: string; roles: Role[] }>({
    defaultValues: { display_name: user.display_name ?? '', roles: notableRoles(user.roles) as Role[] },
  })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      await change.mutateAsync({ display_name: values.display_name.trim(), roles: values.roles })
      say(`${nameOf({ ...user, display_name: values.display_name.trim() })} is changed.`)
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <FormField label="Name" error={errors.display_name?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('display_name')}
            autoComplete="off"
            placeholder={user.username}
          />
        )}
      </FormField>
      <Controller
        control={form.control}
        name="roles"
        render={({ field }) => <RoleChoice value={field.value} onChange={field.onChange} />}
      />
      <FormError>{errors.root?.message}</FormError>
      <div className="flex justify-end gap-2">
        {isDirty && <Button onClick={() => form.reset()}>Discard</Button>}
        <Button type="submit" variant="primary" disabled={!isDirty} busy={change.isPending}>
          Save
        </Button>
      </div>
    </form>
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

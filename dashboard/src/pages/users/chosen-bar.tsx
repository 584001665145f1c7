/** What an administrator does with many accounts at once. */
import { useQuery } from '@tanstack/react-query'
import { Trash2, UserCheck, UserX, UsersRound } from 'lucide-react'
import { useDeferredValue, useState, type ReactNode } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { SelectionBar } from '@/components/data-table/selection-bar'
import { PickMany } from '@/components/pick-many'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { nameOf } from '@/format/person'
import { EVERYONE, groupChoicesOptions } from '@/pages/groups/queries'
import { useCan, useUser } from '@/session/session'
import { useDeleteUsers, useMemberships, useSetActive, type User } from './queries'

type Doing = 'disable' | 'enable' | 'delete'

interface ChosenBarProps {
  users: readonly User[]
  /** Nobody is chosen any more. */
  onDone: () => void
}

export function ChosenBar({ users, onDone }: ChosenBarProps) {
  const can = useCan()
  const me = useUser()
  const [doing, setDoing] = useState<Doing>()
  // Nobody locks themselves out, and the configuration's administrator is the configuration's business.
  const others = users.filter(({ id, is_admin }) => id !== me.id && !is_admin)
  const active = others.filter((user) => user.is_active)
  const disabled = others.filter((user) => !user.is_active)
  const changes = can('Update', 'Users')
  const affected = { disable: active, enable: disabled, delete: others }
  return (
    <>
      <SelectionBar label={`${plural(users.length, 'user')} chosen`} onClear={onDone}>
        {can('Update', 'Groups') && <AddToGroups users={users} onDone={onDone} />}
        {changes && active.length > 0 && (
          <Button onClick={() => setDoing('disable')}>
            <UserX aria-hidden /> Disable {active.length}…
          </Button>
        )}
        {changes && disabled.length > 0 && (
          <Button onClick={() => setDoing('enable')}>
            <UserCheck aria-hidden /> Enable {disabled.length}…
          </Button>
        )}
        {can('Delete', 'Users') && others.length > 0 && (
          <Button className="text-bad" onClick={() => setDoing('delete')}>
            <Trash2 aria-hidden /> Delete {others.length}…
          </Button>
        )}
      </SelectionBar>
      {doing !== undefined && (
        <Confirm
          doing={doing}
          users={affected[doing]}
          spared={users.length - others.length}
          onClose={() => setDoing(undefined)}
          onDone={onDone}
        />
      )}
    </>
  )
}

function AddToGroups({ users, onDone }: ChosenBarProps) {
  const [typed, setTyped] = useState('')
  const groups = useQuery(groupChoicesOptions(useDeferredValue(typed.trim())))
  const memberships = useMemberships()
  return (
    <PickMany
      label={
        <>
          <UsersRound aria-hidden /> Add to groups
        </>
      }
      searchLabel="Find a group"
      options={(groups.data?.data ?? [])
        .filter(({ id }) => id !== EVERYONE)
        .map(({ id, name, description }) => ({ id, name, note: description ?? undefined }))}
      search={typed}
      onSearch={setTyped}
      loading={groups.isFetching}
      action={(amount) => (amount === 0 ? 'Add' : `Add to ${plural(amount, 'group')}`)}
      onAdd={async (picked) => {
        await memberships.mutateAsync({
          users: users.map(({ id }) => id),
          groups: picked.map(({ id }) => id),
          member: true,
        })
        say(`${plural(users.length, 'user is', 'users are')} in ${plural(picked.length, 'group')} more.`)
        onDone()
      }}
    />
  )
}

const WORDS: Record<Doing, { verb: string; done: (what: string) => string; what: ReactNode }> = {
  disable: {
    verb: 'Disable',
    done: (what) => `${what} disabled.`,
    what: 'They are signed out everywhere, and programs that show their keys are refused, until they are enabled again. Nothing is deleted.',
  },
  enable: {
    verb: 'Enable',
    done: (what) => `${what} enabled.`,
    what: 'They may sign in again, and their keys work again.',
  },
  delete: {
    verb: 'Delete',
    done: (what) => `${what} deleted.`,
    what: 'Their accounts go at once and for good, with their API keys, memberships, sessions, files, unfinished batches and webhooks. What was used and paid stays on record, without their names.',
  },
}
const NAMED = 8

interface ConfirmProps extends ChosenBarProps {
  doing: Doing
  /** How many of the chosen are left out. */
  spared: number
  onClose: () => void
}

function Confirm({ doing, users, spared, onClose, onDone }: ConfirmProps) {
  const setActive = useSetActive()
  const remove = useDeleteUsers()
  const { verb, done, what } = WORDS[doing]
  const all = plural(users.length, 'user')
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger={doing !== 'enable'}
      title={`${verb} ${all}?`}
      action={`${verb} ${all}`}
      onConfirm={async () => {
        const ids = users.map(({ id }) => id)
        if (doing === 'delete') await remove.mutateAsync(ids)
        else await setActive.mutateAsync({ ids, is_active: doing === 'enable' })
        say(done(all))
        onDone()
      }}
    >
      <p>{what}</p>
      <ul className="list-disc pl-5">
        {users.slice(0, NAMED).map((user) => (
          <li key={user.id}>{nameOf(user)}</li>
        ))}
        {users.length > NAMED && <li>and {users.length - NAMED} more</li>}
      </ul>
      {spared > 0 && <p>You yourself and the configuration’s administrator are left out.</p>}
    </ConfirmDialog>
  )
}

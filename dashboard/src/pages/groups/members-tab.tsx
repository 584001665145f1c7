import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Avatar } from '@/components/avatar'
import { Collection } from '@/components/collection'
import { PickMany } from '@/components/pick-many'
import { plural } from '@/format/number'
import { addressOf, nameOf } from '@/format/person'
import { useMemberships, userChoicesOptions } from '@/pages/users/queries'
import { useCan } from '@/session/session'
import { EVERYONE, membersOptions, type Group } from './queries'

export function MembersTab({ group }: { group: Pick<Group, 'id' | 'name'> }) {
  const can = useCan()
  const [typed, setTyped] = useState('')
  const query = useInfiniteQuery(membersOptions(group.id, useDeferredValue(typed.trim())))
  const memberships = useMemberships()
  const mayChange = can('Update', 'Groups') && group.id !== EVERYONE
  const put = (users: readonly string[], member: boolean) =>
    memberships.mutateAsync({ users, groups: [group.id], member })
  return (
    <Collection
      label={`Members of ${group.name}`}
      searchLabel="Find a member"
      search={typed}
      onSearch={setTyped}
      entries={query.data?.pages.flatMap(({ data }) =>
        data.map((user) => ({
          id: user.id,
          name: nameOf(user),
          note: addressOf(user),
          icon: <Avatar name={nameOf(user)} />,
        })),
      )}
      total={query.data?.pages[0]?.total_count ?? 0}
      error={query.error}
      retry={() => void query.refetch()}
      more={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      loadingMore={query.isFetchingNextPage}
      empty="Nobody is in it yet."
      add={mayChange && <AddMembers group={group.id} onAdd={(ids) => put(ids, true)} />}
      removing={
        mayChange
          ? {
              label: (user) => `Take ${user.name} out of ${group.name}`,
              done: (user) => `${user.name} is no longer in ${group.name}.`,
              act: (user, back) => put([user.id], back),
            }
          : undefined
      }
    />
  )
}

interface AddMembersProps {
  group: string
  onAdd: (users: readonly string[]) => Promise<unknown>
}

function AddMembers({ group, onAdd }: AddMembersProps) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const people = useQuery(userChoicesOptions(search))
  // Of those who are found, the members: the same search, within the group.
  const members = useInfiniteQuery(membersOptions(group, search))
  const inside = new Set(members.data?.pages.flatMap(({ data }) => data.map(({ id }) => id)))
  return (
    <PickMany
      label={
        <>
          <UserPlus aria-hidden /> Add people
        </>
      }
      searchLabel="Find people to add"
      options={(people.data?.data ?? [])
        .filter(({ id }) => !inside.has(id))
        .map((user) => ({ id: user.id, name: nameOf(user), note: addressOf(user) }))}
      search={typed}
      onSearch={setTyped}
      loading={people.isFetching}
      action={(amount) => (amount === 0 ? 'Add' : `Add ${plural(amount, 'person', 'people')}`)}
      onAdd={(picked) => onAdd(picked.map(({ id }) => id))}
    />
  )
}

import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Collection } from '@/components/collection'
import { PickMany } from '@/components/pick-many'
import { plural } from '@/format/number'
import { EVERYONE, groupChoicesOptions } from '@/pages/groups/queries'
import { useCan } from '@/session/session'
import { nameOf } from '@/format/person'
import { groupsOfUserOptions, useMemberships, type User } from './queries'

export function GroupsTab({ user }: { user: User }) {
  const can = useCan()
  const [search, setSearch] = useState('')
  const query = useQuery(groupsOfUserOptions(user.id))
  const memberships = useMemberships()
  const mayChange = can('Update', 'Groups')
  const found = query.data?.filter((group) => group.name.toLowerCase().includes(search.trim().toLowerCase()))
  const put = (groups: readonly string[], member: boolean) =>
    memberships.mutateAsync({ users: [user.id], groups, member })
  return (
    <Collection
      label={`Groups of ${nameOf(user)}`}
      searchLabel="Find a group"
      search={search}
      onSearch={setSearch}
      entries={found?.map((group) => ({
        id: group.id,
        name: group.name,
        note: group.description ?? undefined,
        fixed:
          group.id === EVERYONE
            ? 'Every user'
            : group.source === 'native'
              ? undefined
              : `From ${group.source}`,
      }))}
      total={found?.length ?? 0}
      error={query.error}
      retry={() => void query.refetch()}
      more={undefined}
      loadingMore={false}
      empty="In no group."
      add={
        mayChange && (
          <AddGroups mine={query.data?.map(({ id }) => id) ?? []} onAdd={(ids) => put(ids, true)} />
        )
      }
      removing={
        mayChange
          ? {
              label: (group) => `Take out of ${group.name}`,
              done: (group) => `${nameOf(user)} is no longer in ${group.name}.`,
              act: (group, back) => put([group.id], back),
            }
          : undefined
      }
    />
  )
}

interface AddGroupsProps {
  mine: readonly string[]
  onAdd: (groups: readonly string[]) => Promise<unknown>
}

function AddGroups({ mine, onAdd }: AddGroupsProps) {
  const [typed, setTyped] = useState('')
  const groups = useQuery(groupChoicesOptions(useDeferredValue(typed.trim())))
  return (
    <PickMany
      label={
        <>
          <Plus aria-hidden /> Add to groups
        </>
      }
      searchLabel="Find a group to add"
      options={(groups.data?.data ?? [])
        .filter((group) => group.id !== EVERYONE && !mine.includes(group.id))
        .map((group) => ({ id: group.id, name: group.name, note: group.description ?? undefined }))}
      search={typed}
      onSearch={setTyped}
      loading={groups.isFetching}
      action={(amount) => (amount === 0 ? 'Add' : `Add to ${plural(amount, 'group')}`)}
      onAdd={(picked) => onAdd(picked.map(({ id }) => id))}
    />
  )
}

import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import type { RowSelectionState } from '@tanstack/react-table'
import { SearchX, UserPlus, Users } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar, FilterSelect } from '@/components/data-table/filter-bar'
import { FilterFind } from '@/components/data-table/filter-find'
import { useListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { findGroupChoices, groupOptions } from '@/pages/groups/queries'
import { useCan, useUser } from '@/session/session'
import { nameOf } from '@/format/person'
import { ChosenBar } from './chosen-bar'
import { userColumns } from './columns'
import { CreateDialog } from './create-dialog'
import { DeleteUser } from './delete-user'
import { USERS_LIST } from './list-spec'
import { usersOptions, type User, type UsersState } from './queries'
import { ROLES, SOURCES } from '@/format/roles'
import { UserDrawer } from './user-drawer'

export function UsersPage() {
  const can = useCan()
  const me = useUser()
  const state = useListState(USERS_LIST)
  const search: { create?: unknown; user?: unknown; tab?: unknown } = useSearch({ strict: false })
  const query = useQuery(usersOptions(state))
  const [doomed, setDoomed] = useState<User>()
  const [selected, setSelected] = useState<RowSelectionState>({})
  const chosen = (query.data?.data ?? []).filter(({ id }) => selected[id] === true)
  const selects = can('Update', 'Users') || can('Update', 'Groups') || can('Delete', 'Users')
  const { set, page } = state
  const openUser = useCallback((user: User) => set({ user: user.id, page }), [set, page])
  const close = () => set({ user: undefined, tab: undefined, create: undefined, page })
  const mayDelete = can('Delete', 'Users')
  const remove = useCallback(
    (user: User) => (mayDelete && user.id !== me.id && !user.is_admin ? () => setDoomed(user) : undefined),
    [mayDelete, me.id],
  )
  const columns = useMemo(() => userColumns(can, { open: openUser, remove }), [can, openUser, remove])
  const create = can('Create', 'Users') && (
    <Button variant="primary" onClick={() => set({ create: 'yes', page })}>
      <UserPlus aria-hidden /> Create user
    </Button>
  )
  return (
    <Page
      title="Users"
      description="Who may sign in, what they are allowed, and what they have left."
      actions={create}
    >
      <FilterBar state={state} searchLabel="Find a user">
        <Filters state={state} />
      </FilterBar>
      <DataTable
        label="Users"
        columns={columns}
        query={query}
        state={state}
        rowId={(user) => user.id}
        rowName={nameOf}
        onOpen={openUser}
        {...(selects ? { selection: { selected, onChange: setSelected } } : {})}
        empty={
          <EmptyState icon={<Users />} title="Nobody yet" action={create}>
            People appear here when they register, come by single sign-on, or are created by you.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="Nobody matches"
            action={<Button onClick={state.widen}>Show everybody</Button>}
          >
            Names, usernames and e-mail addresses are looked through. Filters narrow what is found.
          </EmptyState>
        }
      />
      {chosen.length > 0 && <ChosenBar users={chosen} onDone={() => setSelected({})} />}
      {search.create === 'yes' && can('Create', 'Users') && <CreateDialog onClose={close} />}
      {typeof search.user === 'string' && (
        <UserDrawer
          key={search.user}
          id={search.user}
          listed={query.data?.data.find((user) => user.id === search.user)}
          tab={typeof search.tab === 'string' ? search.tab : undefined}
          onTab={(tab) => set({ tab, page })}
          onClose={close}
          removal={remove}
        />
      )}
      {doomed !== undefined && (
        <DeleteUser user={doomed} onClose={() => setDoomed(undefined)} onDeleted={close} />
      )}
    </Page>
  )
}

const STATES = [
  { value: 'true', label: 'Active' },
  { value: 'false', label: 'Disabled' },
]

function Filters({ state }: { state: UsersState }) {
  const can = useCan()
  const { role, group, auth_source, is_active } = state.filters
  const named = useQuery({
    ...groupOptions(group ?? ''),
    enabled: can('Read', 'Groups') && group !== undefined,
  })
  return (
    <>
      <FilterSelect
        label="Role"
        value={role}
        onChange={(next) => state.set({ role: next })}
        options={ROLES.map((each) => ({ value: each.role, label: each.name }))}
      />
      {can('Read', 'Groups') && (
        <FilterFind
          label="Group"
          value={group}
          name={named.data?.name}
          onChange={(next) => state.set({ group: next })}
          of={['groups', 'users']}
          find={findGroupChoices}
        />
      )}
      <FilterSelect
        label="Signs in by"
        value={auth_source}
        onChange={(next) => state.set({ auth_source: next })}
        options={Object.entries(SOURCES).map(([value, label]) => ({ value, label }))}
      />
      <FilterSelect
        label="State"
        value={is_active}
        onChange={(next) => state.set({ is_active: next })}
        options={STATES}
      />
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Grid3x3, Plus, Rows3, SearchX, UsersRound } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { useListState, type ListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { useCan } from '@/session/session'
import { groupColumns } from './columns'
import { DeleteGroup } from './delete-group'
import { CreateGroup, EditGroup } from './group-dialog'
import { GroupDrawer } from './group-drawer'
import { GROUPS_LIST } from './list-spec'
import { Matrix } from './matrix'
import { groupsOptions, type Group } from './queries'

const VIEWS = [
  { value: 'list', label: 'Groups', icon: <Rows3 aria-hidden /> },
  { value: 'matrix', label: 'Matrix', icon: <Grid3x3 aria-hidden /> },
] as const

interface Shown {
  create?: unknown
  group?: unknown
  tab?: unknown
  view?: unknown
}

export function GroupsPage() {
  const can = useCan()
  const state = useListState(GROUPS_LIST)
  const search: Shown = useSearch({ strict: false })
  const matrix = search.view === 'matrix'
  const { set, page } = state
  const views = (
    <Segments
      label="View"
      value={matrix ? 'matrix' : 'list'}
      onChange={(view) =>
        set({
          view: view === 'matrix' ? view : undefined,
          q: undefined,
          groups: undefined,
          columns: undefined,
        })
      }
      options={VIEWS}
    />
  )
  return (
    <Page
      title="Groups"
      description="Who may use which models. A person may use what any of their groups is granted."
      actions={
        <>
          {views}
          {can('Create', 'Groups') && (
            <Button variant="primary" onClick={() => set({ create: 'yes', page })}>
              <Plus aria-hidden /> Create group
            </Button>
          )}
        </>
      }
    >
      {matrix ? <Matrix state={state} /> : <GroupList state={state} shown={search} />}
      {search.create === 'yes' && can('Create', 'Groups') && (
        <CreateGroup
          onClose={() => set({ create: undefined, page })}
          onCreated={(group) => set({ create: undefined, page, ...(matrix ? {} : { group }) })}
        />
      )}
    </Page>
  )
}

function GroupList({ state, shown }: { state: ListState<'name'>; shown: Shown }) {
  const can = useCan()
  const query = useQuery(groupsOptions(state))
  const [edited, setEdited] = useState<Group>()
  const [doomed, setDoomed] = useState<Group>()
  const { set, page } = state
  const openGroup = useCallback((group: Group) => set({ group: group.id, page }), [set, page])
  const close = () => set({ group: undefined, tab: undefined, page })
  const edit = can('Update', 'Groups') ? setEdited : undefined
  const remove = can('Delete', 'Groups') ? setDoomed : undefined
  const columns = useMemo(() => groupColumns({ edit, remove }), [edit, remove])
  return (
    <>
      <FilterBar state={state} searchLabel="Find a group" />
      <DataTable
        label="Groups"
        columns={columns}
        query={query}
        state={state}
        rowId={(group) => group.id}
        rowName={(group) => group.name}
        onOpen={openGroup}
        empty={
          <EmptyState icon={<UsersRound />} title="No groups yet">
            Make one for each team, and grant it the models that the team needs.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No group matches"
            action={<Button onClick={state.widen}>Show all groups</Button>}
          >
            Names and descriptions are looked through.
          </EmptyState>
        }
      />
      {typeof shown.group === 'string' && (
        <GroupDrawer
          key={shown.group}
          id={shown.group}
          listed={query.data?.data.find((group) => group.id === shown.group)}
          tab={typeof shown.tab === 'string' ? shown.tab : undefined}
          onTab={(tab) => set({ tab, page })}
          onClose={close}
          onEdit={edit}
          onDelete={remove}
        />
      )}
      {edited !== undefined && <EditGroup group={edited} onClose={() => setEdited(undefined)} />}
      {doomed !== undefined && (
        <DeleteGroup group={doomed} onClose={() => setDoomed(undefined)} onDeleted={close} />
      )}
    </>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import type { RowSelectionState } from '@tanstack/react-table'
import { KeyRound, Plus, SearchX, Trash2 } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { useListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { withoutSecret } from '@/format/secret'
import { useCan } from '@/session/session'
import { keyColumns } from './columns'
import { CreateDialog } from './create-dialog'
import { DeleteDialog } from './delete-dialog'
import { EditDialog } from './edit-dialog'
import { Filters, Whose } from './filters'
import { KeyDrawer } from './key-drawer'
import { API_KEYS_LIST } from './list-spec'
import { keysOptions, type ListedKey } from './queries'
import { useFullName, useRights } from './rights'
import { RotateDialog } from './rotate-dialog'

export function ApiKeysPage() {
  const can = useCan()
  const rights = useRights()
  const fullName = useFullName()
  const everything = useListState(API_KEYS_LIST)
  const search: { whose?: unknown; create?: unknown; key?: unknown } = useSearch({ strict: false })
  const overseer = can('Read', 'ApiKeys')
  const everybodys = overseer && search.whose === 'all'
  // One's own are not filtered.
  const state = everybodys ? everything : { ...everything, narrowed: everything.search !== '' }
  const query = useQuery(keysOptions(state, everybodys))
  const [selected, setSelected] = useState<RowSelectionState>({})
  const [edited, setEdited] = useState<ListedKey>()
  const [rotated, setRotated] = useState<ListedKey>()
  const [doomed, setDoomed] = useState<readonly ListedKey[]>([])
  const { set, page } = state
  const open = useCallback((key: ListedKey) => set({ key: key.id, page }), [set, page])
  const close = () => set({ key: undefined, create: undefined, page })
  const remove = useCallback((key: ListedKey) => setDoomed([key]), [])
  const columns = useMemo(
    () => keyColumns({ edit: setEdited, rotate: setRotated, remove, rights }, everybodys),
    [rights, remove, everybodys],
  )
  const keys = query.data?.data ?? []
  const opened = keys.find(({ id }) => id === search.key)
  const may = opened === undefined ? undefined : rights(opened)
  const chosen = keys.filter((key) => selected[key.id] === true && rights(key).remove)
  const create = can('Create', 'ApiKeys', 'own') && (
    <Button variant="primary" onClick={() => set({ create: 'yes', page })}>
      <Plus aria-hidden /> Create key
    </Button>
  )
  return (
    <Page
      title="API keys"
      description={
        everybodys ? 'What programs show in place of people.' : 'What your programs show in place of you.'
      }
      actions={create}
    >
      <FilterBar
        state={state}
        hidden={!overseer && query.data?.total_count === 0}
        searchLabel="Find a key"
        sought={withoutSecret}
        end={
          chosen.length > 0 && (
            <Button onClick={() => setDoomed(chosen)}>
              <Trash2 aria-hidden /> Delete {plural(chosen.length, 'key')}…
            </Button>
          )
        }
      >
        {overseer && <Whose everybodys={everybodys} set={set} />}
        {everybodys && <Filters state={state} />}
      </FilterBar>
      <DataTable
        label="API keys"
        columns={columns}
        query={query}
        state={state}
        rowId={(key) => key.id}
        rowName={fullName}
        onOpen={open}
        {...(can('Delete', 'ApiKeys', 'own') ? { selection: { selected, onChange: setSelected } } : {})}
        empty={
          <EmptyState icon={<KeyRound />} title="No keys yet" action={create}>
            A key is all that a program needs to use your models. Make one for each program, so that one can
            be taken away alone.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No key matches"
            action={<Button onClick={state.widen}>Show all keys</Button>}
          >
            Names, descriptions and the beginnings of secrets are looked through.
          </EmptyState>
        }
      />
      {search.create === 'yes' && <CreateDialog onClose={close} />}
      {edited !== undefined && <EditDialog apiKey={edited} onClose={() => setEdited(undefined)} />}
      {rotated !== undefined && <RotateDialog apiKey={rotated} onClose={() => setRotated(undefined)} />}
      {opened !== undefined && (
        <KeyDrawer
          apiKey={opened}
          onClose={close}
          onEdit={may?.change === true ? moving(close, () => setEdited(opened)) : undefined}
          onRotate={may?.change === true ? moving(close, () => setRotated(opened)) : undefined}
          onDelete={may?.remove === true ? moving(close, () => remove(opened)) : undefined}
        />
      )}
      <DeleteDialog keys={doomed} onClose={() => setDoomed([])} onDeleted={() => setSelected({})} />
    </Page>
  )
}

/** From the drawer to a dialog. */
function moving(close: () => void, go: () => void) {
  return () => {
    close()
    go()
  }
}

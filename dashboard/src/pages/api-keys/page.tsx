import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { RowSelectionState } from '@tanstack/react-table'
import { KeyRound, Plus, SearchX, Trash2 } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { useListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { useCan } from '@/session/session'
import { keyColumns } from './columns'
import { CreateDialog } from './create-dialog'
import { EditDialog } from './edit-dialog'
import { KeyDrawer } from './key-drawer'
import { API_KEYS_LIST } from './list-spec'
import { keysOptions, useDeleteKeys, type Key } from './queries'
import { RotateDialog } from './rotate-dialog'

export function ApiKeysPage() {
  const can = useCan()
  const state = useListState(API_KEYS_LIST)
  const query = useQuery(keysOptions(state))
  const creating = useCreating()
  const [selected, setSelected] = useState<RowSelectionState>({})
  const [opened, setOpened] = useState<Key>()
  const [edited, setEdited] = useState<Key>()
  const [rotated, setRotated] = useState<Key>()
  const [doomed, setDoomed] = useState<readonly Key[]>([])
  const mayChange = can('Update', 'ApiKeys', 'own')
  const edit = mayChange ? setEdited : undefined
  const rotate = mayChange ? setRotated : undefined
  const mayDelete = can('Delete', 'ApiKeys', 'own')
  const remove = useMemo(() => (mayDelete ? (key: Key) => setDoomed([key]) : undefined), [mayDelete])
  const columns = useMemo(() => keyColumns({ edit, rotate, remove }), [edit, rotate, remove])
  const chosen = (query.data?.data ?? []).filter((key) => selected[key.id] === true)
  const create = can('Create', 'ApiKeys', 'own') && (
    <Button variant="primary" onClick={creating.open}>
      <Plus aria-hidden /> Create key
    </Button>
  )
  return (
    <Page title="API keys" description="What your programs show in place of you." actions={create}>
      <FilterBar
        state={state}
        hidden={query.data?.total_count === 0}
        searchLabel="Find a key"
        end={
          chosen.length > 0 &&
          mayDelete && (
            <Button onClick={() => setDoomed(chosen)}>
              <Trash2 aria-hidden /> Delete {plural(chosen.length, 'key')}…
            </Button>
          )
        }
      />
      <DataTable
        label="API keys"
        columns={columns}
        query={query}
        state={state}
        rowId={(key) => key.id}
        rowName={nameOf}
        onOpen={setOpened}
        {...(mayDelete ? { selection: { selected, onChange: setSelected } } : {})}
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
      {creating.is && <CreateDialog onClose={creating.close} />}
      {edited !== undefined && <EditDialog apiKey={edited} onClose={() => setEdited(undefined)} />}
      {rotated !== undefined && <RotateDialog apiKey={rotated} onClose={() => setRotated(undefined)} />}
      {opened !== undefined && (
        <KeyDrawer
          apiKey={opened}
          onClose={() => setOpened(undefined)}
          onEdit={edit && moving(setOpened, () => edit(opened))}
          onRotate={rotate && moving(setOpened, () => rotate(opened))}
          onDelete={remove && moving(setOpened, () => remove(opened))}
        />
      )}
      <DeleteKeys keys={doomed} onClose={() => setDoomed([])} onDeleted={() => setSelected({})} />
    </Page>
  )
}

function nameOf(key: Key): string {
  return key.name
}

/** From the drawer to a dialog. */
function moving(close: (key: undefined) => void, go: () => void) {
  return () => {
    close(undefined)
    go()
  }
}

/** Whether the dialog is open stands in the URL, so that any page can lead here. */
function useCreating() {
  const search: { create?: unknown } = useSearch({ strict: false })
  const navigate = useNavigate()
  const go = useCallback(
    (create: 'yes' | undefined) =>
      void navigate({
        to: '/api-keys',
        replace: true,
        search: ({ create: before, ...rest }) => (create === undefined ? rest : { ...rest, create }),
      }),
    [navigate],
  )
  return { is: search.create === 'yes', open: () => go('yes'), close: () => go(undefined) }
}

interface DeleteKeysProps {
  keys: readonly Key[]
  onClose: () => void
  onDeleted: () => void
}

function DeleteKeys({ keys, onClose, onDeleted }: DeleteKeysProps) {
  const remove = useDeleteKeys()
  const what = plural(keys.length, 'key')
  return (
    <ConfirmDialog
      open={keys.length > 0}
      onClose={onClose}
      danger
      title={keys.length === 1 ? `Delete ${keys[0]?.name ?? ''}?` : `Delete ${what}?`}
      action={`Delete ${what}`}
      onConfirm={async () => {
        await remove.mutateAsync(keys)
        say(`${what} deleted.`)
        onDeleted()
      }}
    >
      <p>
        Programs that show {keys.length === 1 ? 'it' : 'them'} are refused at once. This cannot be undone;
        what was used and spent stays on record.
      </p>
      {keys.length > 1 && (
        <ul className="list-disc pl-5">
          {keys.map((key) => (
            <li key={key.id}>{key.name}</li>
          ))}
        </ul>
      )}
    </ConfirmDialog>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Plug, Plus, SearchX } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { useListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { useCan } from '@/session/session'
import { ChooseModelsDialog } from './choose-models-dialog'
import { endpointColumns, type Act, type Action } from './columns'
import { ConnectDialog } from './connect-dialog'
import { DeleteDialog } from './delete-dialog'
import { EditDialog } from './edit-dialog'
import { EndpointDrawer } from './endpoint-drawer'
import { ENDPOINTS_LIST } from './list-spec'
import { providersOf } from './presets'
import { endpointsOptions, presetsOptions, type Endpoint } from './queries'
import { RotateKeyDialog } from './rotate-key-dialog'
import { SynchroniseDialog } from './synchronise-dialog'

export function EndpointsPage() {
  const can = useCan()
  const state = useListState(ENDPOINTS_LIST)
  const { connect, then, open }: { connect?: string; then?: string; open?: string } = useSearch({
    strict: false,
  })
  const navigate = useNavigate()
  const query = useQuery(endpointsOptions(state))
  const presets = useQuery(presetsOptions)
  const [doing, setDoing] = useState<{ action: Action; endpoint: Endpoint }>()
  const mayConnect = can('Create', 'Endpoints')
  const mayChange = can('Update', 'Endpoints')
  const mayRemove = can('Delete', 'Endpoints')
  const may = useMemo(() => ({ change: mayChange, remove: mayRemove }), [mayChange, mayRemove])
  const { set, page } = state
  const act = useCallback<Act>(
    (action, endpoint) => {
      set({ open: undefined, page })
      setDoing({ action, endpoint })
    },
    [set, page],
  )
  const providers = useMemo(() => providersOf(presets.data ?? []), [presets.data])
  const columns = useMemo(() => endpointColumns(providers, may, act), [providers, may, act])
  const opened = query.data?.data.find((endpoint) => endpoint.id === open)
  const connectButton = mayConnect && (
    <Button variant="primary" onClick={() => set({ connect: 'yes', page })}>
      <Plus aria-hidden /> Connect provider
    </Button>
  )
  return (
    <Page title="Endpoints" description="The providers that serve your models." actions={connectButton}>
      <FilterBar state={state} hidden={query.data?.total_count === 0} searchLabel="Find an endpoint" />
      <DataTable
        label="Endpoints"
        columns={columns}
        query={query}
        state={state}
        rowId={(endpoint) => endpoint.id}
        rowName={(endpoint) => endpoint.name}
        onOpen={(endpoint) => set({ open: endpoint.id, page })}
        empty={
          <EmptyState icon={<Plug />} title="No provider yet" action={connectButton}>
            Connect one, and its models can be granted to people and called by their programs. A simulated one
            is there to try with.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No endpoint matches"
            action={<Button onClick={state.widen}>Show all endpoints</Button>}
          >
            Names, descriptions and URLs are looked through.
          </EmptyState>
        }
      />
      {connect !== undefined && mayConnect && (
        <ConnectDialog
          preset={connect}
          onClose={() => {
            if (then === 'first-run') void navigate({ to: '/first-run' })
            else set({ connect: undefined, page })
          }}
        />
      )}
      {opened !== undefined && (
        <EndpointDrawer
          endpoint={opened}
          may={may}
          onClose={() => set({ open: undefined, page })}
          onAct={act}
        />
      )}
      {doing !== undefined && <Doing {...doing} onClose={() => setDoing(undefined)} onAct={act} />}
    </Page>
  )
}

interface DoingProps {
  action: Action
  endpoint: Endpoint
  onClose: () => void
  onAct: Act
}

function Doing({ action, endpoint, onClose, onAct }: DoingProps) {
  switch (action) {
    case 'edit':
      return <EditDialog endpoint={endpoint} onClose={onClose} />
    case 'synchronise':
      return (
        <SynchroniseDialog endpoint={endpoint} onClose={onClose} onChoose={() => onAct('models', endpoint)} />
      )
    case 'models':
      return <ChooseModelsDialog endpoint={endpoint} onClose={onClose} />
    case 'rotate':
      return <RotateKeyDialog endpoint={endpoint} onClose={onClose} />
    case 'delete':
      return <DeleteDialog endpoint={endpoint} onClose={onClose} />
  }
}

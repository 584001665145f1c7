import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Activity, Boxes, LayoutGrid, Plug, Plus, Rows3, SearchX } from 'lucide-react'
import { useCallback, useMemo } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { useListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { useCan } from '@/session/session'
import { ApiDialog } from './api-dialog'
import { ModelCards } from './cards'
import { modelColumns } from './columns'
import { CreateDialog } from './create-dialog'
import { MODELS_LIST } from './list-spec'
import { Filters } from './filters'
import { facetsOptions, modelOptions, modelsOptions, WINDOWS, type Model } from './queries'
import { StatusView } from './status/status-view'

const VIEWS = [
  { value: 'table', label: 'Table', icon: <Rows3 aria-hidden /> },
  { value: 'cards', label: 'Cards', icon: <LayoutGrid aria-hidden /> },
  { value: 'status', label: 'Status', icon: <Activity aria-hidden /> },
] as const

export function ModelsPage() {
  const can = useCan()
  const state = useListState(MODELS_LIST)
  const { view: wanted, window, api, create }: Record<string, unknown> = useSearch({ strict: false })
  const view = VIEWS.find(({ value }) => value === wanted)?.value ?? 'table'
  const navigate = useNavigate()
  const query = useQuery({ ...modelsOptions(state), enabled: view !== 'status' })
  const facets = useQuery({ ...facetsOptions, enabled: view === 'status' })
  const { set } = state
  const openApi = useCallback((model: Model) => set({ api: model.id, page: state.page }), [set, state.page])
  const columns = useMemo(() => modelColumns(can, openApi), [can, openApi])
  const nothingFound = (
    <EmptyState
      icon={<SearchX />}
      title="No model matches"
      action={<Button onClick={state.widen}>Show all models</Button>}
    >
      Names and providers are looked through. Filters narrow what is found.
    </EmptyState>
  )
  const empty = (
    <EmptyState
      icon={<Boxes />}
      title="No models yet"
      action={
        can('Create', 'Endpoints') && (
          <Button variant="primary" asChild>
            <Link to="/endpoints" search={{ connect: 'yes' }}>
              <Plug aria-hidden /> Connect a provider
            </Link>
          </Button>
        )
      }
    >
      {can('Create', 'Endpoints')
        ? 'Connect a provider, and its models appear here. Grant them to a group, and its people can use them.'
        : 'An administrator grants models to your groups. Those that you may use appear here.'}
    </EmptyState>
  )
  return (
    <Page
      title="Models"
      description={
        view === 'status'
          ? 'How the models fare, as probes find them.'
          : 'Everything that you can call, and how.'
      }
      actions={
        can('Create', 'CompositeModels') && (
          <Button onClick={() => set({ create: 'yes', page: state.page })}>
            <Plus aria-hidden /> Composite model
          </Button>
        )
      }
    >
      <FilterBar
        state={state}
        hidden={query.data?.total_count === 0}
        searchLabel="Find a model"
        end={
          <Segments
            compact
            label="View"
            value={view}
            onChange={(next) => set({ view: next === 'table' ? undefined : next, page: state.page })}
            options={VIEWS}
          />
        }
      >
        <Filters state={state} facets={query.data?.facets ?? facets.data} />
      </FilterBar>
      {view === 'status' ? (
        <StatusView
          state={state}
          window={WINDOWS.find(({ value }) => value === window)?.value ?? '24h'}
          onWindow={(next) => set({ window: next === '24h' ? undefined : next, page: state.page })}
          nothingFound={nothingFound}
        />
      ) : view === 'cards' ? (
        <ModelCards
          query={query}
          state={state}
          onApi={openApi}
          nothing={state.narrowed ? nothingFound : empty}
        />
      ) : (
        <DataTable
          label="Models"
          columns={columns}
          query={query}
          state={state}
          rowId={(model) => model.id}
          rowName={(model) => model.alias}
          onOpen={({ id }) => void navigate({ to: '/models/$modelId', params: { modelId: id } })}
          empty={empty}
          nothingFound={nothingFound}
        />
      )}
      {typeof api === 'string' && (
        <OpenedApi
          id={api}
          listed={query.data?.data.find((model) => model.id === api)}
          onClose={() => set({ api: undefined, page: state.page })}
        />
      )}
      {create === 'yes' && <CreateDialog onClose={() => set({ create: undefined, page: state.page })} />}
    </Page>
  )
}

interface OpenedApiProps {
  id: string
  listed: Model | undefined
  onClose: () => void
}

/** A link may speak of a model that is not on this page of the list. */
function OpenedApi({ id, listed, onClose }: OpenedApiProps) {
  const asked = useQuery({ ...modelOptions(id), enabled: listed === undefined })
  const model = listed ?? asked.data
  return model === undefined ? null : <ApiDialog model={model} onClose={onClose} />
}

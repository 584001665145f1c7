/** What the list of models is narrowed by. */
import { useQuery } from '@tanstack/react-query'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { FilterFind } from '@/components/data-table/filter-find'
import { groupOptions } from '@/pages/groups/queries'
import { spaced } from '@/format/word'
import { useCan } from '@/session/session'
import { endpointOptions, findEndpoints, findGroups, TYPES, type ModelsState } from './queries'

interface Facets {
  providers: string[]
  known_capabilities?: string[] | null
}

interface FiltersProps {
  state: ModelsState
  facets: Facets | null | undefined
}

export function Filters({ state, facets }: FiltersProps) {
  const can = useCan()
  const { provider, endpoint, model_type, can: capability, group } = state.filters
  return (
    <>
      {shown(facets?.providers, provider) && (
        <FilterSelect
          label="Provider"
          value={provider}
          onChange={(next) => state.set({ provider: next })}
          options={plain(facets?.providers, provider)}
        />
      )}
      {can('Read', 'Endpoints') && <EndpointFilter state={state} value={endpoint} />}
      <FilterSelect
        label="Type"
        value={model_type}
        onChange={(next) => state.set({ model_type: next })}
        options={Object.entries(TYPES).map(([value, label]) => ({ value, label }))}
      />
      {shown(facets?.known_capabilities, capability) && (
        <FilterSelect
          label="Capability"
          value={capability}
          onChange={(next) => state.set({ can: next })}
          options={plain(facets?.known_capabilities, capability, spaced)}
        />
      )}
      {can('Read', 'Groups') && <GroupFilter state={state} value={group} />}
    </>
  )
}

interface FoundProps {
  state: ModelsState
  value: string | undefined
}

function EndpointFilter({ state, value }: FoundProps) {
  const chosen = useQuery({ ...endpointOptions(value ?? ''), enabled: value !== undefined })
  return (
    <FilterFind
      label="Endpoint"
      value={value}
      name={chosen.data?.name ?? '…'}
      onChange={(next) => state.set({ endpoint: next })}
      of={['endpoints']}
      find={findEndpoints}
    />
  )
}

function GroupFilter({ state, value }: FoundProps) {
  const chosen = useQuery({ ...groupOptions(value ?? ''), enabled: value !== undefined })
  return (
    <FilterFind
      label="Group"
      value={value}
      name={chosen.data?.name ?? '…'}
      onChange={(next) => state.set({ group: next })}
      of={['groups']}
      find={findGroups}
    />
  )
}

/** A filter without choices is noise, but for one that is in force. */
function shown(values: readonly string[] | null | undefined, inForce: string | undefined): boolean {
  return inForce !== undefined || (values != null && values.length > 0)
}

/** With the one in force, which may be nobody's any more. */
function plain(
  known: readonly string[] | null | undefined,
  inForce: string | undefined,
  named = (value: string) => value,
) {
  const values = known ?? []
  const all = inForce === undefined || values.includes(inForce) ? values : [...values, inForce]
  return all.map((value) => ({ value, label: named(value) }))
}

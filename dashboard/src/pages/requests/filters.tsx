import { useQuery } from '@tanstack/react-query'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { FilterFind } from '@/components/data-table/filter-find'
import type { ListState } from '@/components/data-table/list-state'
import { choiceNameOptions, findChoices, type By } from '@/pages/traffic/queries'
import { useCan } from '@/session/session'
import { SINCE, STATUSES, type RequestFilter } from './log-query'
import { MoreFilters } from './more-filters'
import { choicesPeriod } from './queries'

interface FoundBy {
  by: By
  label: string
  filter: RequestFilter
}

const FOUND = [
  { by: 'model', label: 'Model', filter: 'model' },
  { by: 'user', label: 'User', filter: 'user_id' },
  { by: 'key', label: 'Key', filter: 'key_id' },
] as const satisfies readonly FoundBy[]
const SELDOM = [
  { by: 'group', label: 'Group', filter: 'group_id' },
  { by: 'endpoint', label: 'Endpoint', filter: 'endpoint_id' },
] as const satisfies readonly FoundBy[]

export function Filters({ state }: { state: ListState<never, RequestFilter> }) {
  const can = useCan()
  const { filters } = state
  const statuses = Object.entries(STATUSES).map(([value, { label }]) => ({ value, label }))
  const exact = filters.status !== undefined && !(filters.status in STATUSES) ? [filters.status] : []
  return (
    <>
      <FilterSelect
        label="Time"
        value={filters.since}
        onChange={(since) => state.set({ since })}
        options={SINCE}
      />
      <FilterSelect
        label="Status"
        value={filters.status}
        onChange={(status) => state.set({ status })}
        options={[...statuses, ...exact.map((value) => ({ value, label: value }))]}
      />
      {can('Read', 'Analytics') && FOUND.map((each) => <Found key={each.by} state={state} {...each} />)}
      <MoreFilters filters={filters} onChange={state.set}>
        {can('Read', 'Analytics') && SELDOM.map((each) => <Found key={each.by} state={state} {...each} />)}
      </MoreFilters>
    </>
  )
}

interface FoundProps extends FoundBy {
  state: ListState<never, RequestFilter>
}

function Found({ state, by, label, filter }: FoundProps) {
  const value = state.filters[filter]
  const period = choicesPeriod(Date.now())
  const named = useQuery(
    choiceNameOptions(by === 'model' ? 'user' : by, by === 'model' ? undefined : value, period),
  )
  return (
    <FilterFind
      label={label}
      value={value}
      name={named.data}
      onChange={(next) => state.set({ [filter]: next })}
      of={['analytics', by, period]}
      find={(search, signal) => findChoices(by, period, search, signal)}
    />
  )
}

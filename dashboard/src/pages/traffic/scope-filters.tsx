/** What narrows all of the page: a model, a person, a key, a status. */
import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { FilterFind } from '@/components/data-table/filter-find'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { Button } from '@/design/button'
import {
  choiceNameOptions,
  findChoices,
  ofEveryStatus,
  statusesOptions,
  type By,
  type Scope,
  type TrafficState,
} from './queries'

export function ScopeFilters({ state, scope }: { state: TrafficState; scope: Scope }) {
  const { model, user_id, key_id, status } = state.filters
  const { period } = scope
  const user = useQuery(choiceNameOptions('user', user_id, period))
  const key = useQuery(choiceNameOptions('key', key_id, period))
  const statuses = useQuery(statusesOptions(ofEveryStatus(scope)))
  const choices = (by: By) => ({
    of: ['analytics', by, period],
    find: (search: string, signal: AbortSignal) => findChoices(by, period, search, signal),
  })
  const known = (statuses.data ?? []).flatMap((row) => (row.status == null ? [] : [String(row.status)]))
  const options = [...new Set([...known, ...(status === undefined ? [] : [status])])].sort()
  return (
    <div className="flex flex-wrap items-center gap-2" role="group" aria-label="Filters">
      <FilterFind
        label="Model"
        value={model}
        onChange={(next) => state.set({ model: next })}
        {...choices('model')}
      />
      <FilterFind
        label="User"
        value={user_id}
        name={user.data}
        onChange={(next) => state.set({ user_id: next })}
        {...choices('user')}
      />
      <FilterFind
        label="Key"
        value={key_id}
        name={key.data}
        onChange={(next) => state.set({ key_id: next })}
        {...choices('key')}
      />
      <FilterSelect
        label="Status"
        value={status}
        onChange={(next) => state.set({ status: next })}
        options={options.map((value) => ({ value, label: value }))}
      />
      {Object.keys(state.filters).length > 0 && (
        <Button
          variant="ghost"
          onClick={() =>
            state.set({ model: undefined, user_id: undefined, key_id: undefined, status: undefined })
          }
        >
          <X aria-hidden /> Clear
        </Button>
      )}
    </div>
  )
}

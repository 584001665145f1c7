import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { api, must } from '@/api/client'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { FilterFind } from '@/components/data-table/filter-find'
import { Button } from '@/design/button'
import { nameOf } from '@/format/person'
import { userOptions } from '@/pages/users/queries'
import { words } from './parts'
import { RANGES, type AuditState } from './queries'

const RESOURCES = [
  'users',
  'groups',
  'group_members',
  'group_models',
  'api_keys',
  'endpoints',
  'models',
  'model_components',
  'identities',
  'probes',
  'cache_pricings',
  'tariffs',
  'guardrails',
  'redaction_rules',
  'rate_limits',
  'budgets',
  'webhooks',
  'requests',
  'audit_log',
] as const
const OPERATIONS = ['create', 'update', 'delete', 'login', 'login_failed', 'logout', 'export'] as const

export function Filters({ state }: { state: AuditState }) {
  const { actor, range, resource, operation, resource_id } = state.filters
  const person = useQuery({ ...userOptions(actor ?? ''), enabled: actor !== undefined, retry: false })
  return (
    <div role="group" aria-label="Filters" className="mb-3 flex flex-wrap items-center gap-2">
      <FilterSelect
        label="Time"
        value={range}
        onChange={(next) => state.set({ range: next, before: undefined })}
        options={RANGES}
      />
      <FilterFind
        label="Who"
        value={actor}
        name={person.data === undefined ? undefined : nameOf(person.data)}
        onChange={(next) => state.set({ actor: next, before: undefined })}
        of={['users', 'audit']}
        find={async (search, signal) => {
          const query = { search, sort: 'name', limit: 25 } as const
          const found = await must(api.GET('/admin/api/v1/users', { params: { query }, signal }))
          return found.data.map((user) => ({ value: user.id, label: nameOf(user) }))
        }}
      />
      <FilterSelect
        label="What"
        value={resource}
        onChange={(next) => state.set({ resource: next, before: undefined })}
        options={choices(RESOURCES, resource)}
      />
      <FilterSelect
        label="Did"
        value={operation}
        onChange={(next) => state.set({ operation: next, before: undefined })}
        options={choices(OPERATIONS, operation)}
      />
      {resource_id !== undefined && (
        <Button onClick={() => state.set({ resource_id: undefined, before: undefined })}>
          Of one thing <X aria-hidden />
        </Button>
      )}
      {state.narrowed && (
        <Button variant="ghost" onClick={state.widen}>
          <X aria-hidden /> Clear
        </Button>
      )}
    </div>
  )
}

/** The known ones, and the one that a link has chosen. */
function choices(known: readonly string[], chosen: string | undefined) {
  const all = chosen === undefined || known.includes(chosen) ? known : [...known, chosen]
  return all.map((value) => ({ value, label: words(value) }))
}

import { useQuery } from '@tanstack/react-query'
import { Gauge, Plus, SearchX } from 'lucide-react'
import { useMemo, useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DataTable } from '@/components/data-table/data-table'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { useListState } from '@/components/data-table/list-state'
import { EmptyState, Page } from '@/components/page'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { useCan } from '@/session/session'
import { limitColumns } from './columns'
import { LimitDialog } from './limit-dialog'
import { RATE_LIMITS_LIST } from './list-spec'
import { rateLimitsOptions, useDeleteRateLimit, type RateLimit } from './queries'
import { limitWords, SCOPES } from './values'

export function RateLimitsPage() {
  const can = useCan()
  const state = useListState(RATE_LIMITS_LIST)
  const query = useQuery(rateLimitsOptions(state))
  const [shown, setShown] = useState<RateLimit | 'new'>()
  const [doomed, setDoomed] = useState<RateLimit>()
  const remove = useDeleteRateLimit()
  const [mayEdit, mayDelete] = [can('Update', 'Credits'), can('Delete', 'Credits')]
  const columns = useMemo(
    () => limitColumns({ edit: mayEdit ? setShown : undefined, remove: mayDelete ? setDoomed : undefined }),
    [mayEdit, mayDelete],
  )
  const create = can('Create', 'Credits') && (
    <Button variant="primary" onClick={() => setShown('new')}>
      <Plus aria-hidden /> Create limit
    </Button>
  )
  return (
    <Page
      title="Rate limits"
      description="How much a user, group, key or model may use in a period, or at once. A request has to pass every limit that concerns it."
      actions={create}
    >
      <div className={cn('mb-3', query.data?.total_count === 0 && !state.narrowed && 'invisible')}>
        <FilterSelect
          label="Of"
          value={state.filters.scope}
          onChange={(scope) => state.set({ scope })}
          options={SCOPES}
        />
      </div>
      <DataTable
        label="Rate limits"
        columns={columns}
        query={query}
        state={state}
        rowId={({ id }) => id}
        rowName={({ name }) => name}
        {...(mayEdit ? { onOpen: setShown } : {})}
        empty={
          <EmptyState icon={<Gauge />} title="No rate limits yet" action={create}>
            Everybody may ask as fast as their keys let them. A limit of the group Everyone holds for the
            whole instance.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No limit of these"
            action={<Button onClick={state.widen}>Show all limits</Button>}
          >
            There are limits of others.
          </EmptyState>
        }
      />
      {shown !== undefined && (
        <LimitDialog limit={shown === 'new' ? undefined : shown} onClose={() => setShown(undefined)} />
      )}
      <ConfirmDialog
        danger
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={`Delete ${doomed?.name ?? ''}?`}
        action="Delete limit"
        onConfirm={async () => {
          if (doomed === undefined) return
          await remove.mutateAsync(doomed.id)
          say(`${doomed.name} is lifted.`)
        }}
      >
        <p>
          {doomed === undefined
            ? ''
            : `${limitWords(doomed)} no longer holds for ${doomed.scope_name ?? 'it'}`}
          , from the next request on.
        </p>
      </ConfirmDialog>
    </Page>
  )
}

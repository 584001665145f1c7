/** Groups and models at a glance. Both sides are paged and searched by the server, whatever their number. */
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Boxes, ChevronLeft, ChevronRight, SearchX } from 'lucide-react'
import { useCallback, useState } from 'react'
import { FilterBar } from '@/components/data-table/filter-bar'
import type { ListChanges, ListState } from '@/components/data-table/list-state'
import { Pager } from '@/components/data-table/pager'
import { EmptyState, ErrorState, Skeleton } from '@/components/page'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { useCan } from '@/session/session'
import { LineDialog } from './line-dialog'
import { COLUMNS, columnsOptions, rowsOptions, useCell, type Line, type Model } from './matrix-queries'
import { MatrixTable } from './matrix-table'
import type { Group } from './queries'

export function Matrix({ state }: { state: ListState }) {
  const can = useCan()
  const columns = useColumnsState(state)
  const rowsQuery = useQuery(rowsOptions(state))
  const columnsQuery = useQuery(columnsOptions(columns.search, columns.page))
  const { mutate } = useCell(state)
  const [line, setLine] = useState<Line>()
  const toggle = useCallback(
    (model: Model, group: Group, granted: boolean) =>
      mutate({ model, group, granted }, { onError: sayProblem }),
    [mutate],
  )
  const mayGrant = can('Update', 'Groups')
  const failed = [rowsQuery, columnsQuery].find((query) => query.isError && query.data === undefined)
  const models = rowsQuery.data
  const groups = columnsQuery.data
  return (
    <>
      <div className="gap-x-2 sm:flex sm:flex-wrap">
        <FilterBar state={state} searchLabel="Find a model" />
        <FilterBar state={columns} searchLabel="Find a group" />
      </div>
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-raised">
        {failed !== undefined ? (
          <ErrorState error={failed.error} retry={() => void failed.refetch()} />
        ) : models === undefined || groups === undefined ? (
          <div className="space-y-5 p-4" aria-busy>
            {['w-64', 'w-80', 'w-48', 'w-72'].map((width) => (
              <Skeleton key={width} className={width} />
            ))}
          </div>
        ) : models.data.length === 0 || groups.data.length === 0 ? (
          <Nothing
            models={models.data.length}
            onWiden={models.data.length === 0 ? state.widen : columns.widen}
            narrowed={state.narrowed || columns.narrowed}
          />
        ) : (
          <>
            <ColumnPager state={columns} total={groups.total_count} shown={groups.data.length} />
            <div
              className={cn(
                'transition-opacity',
                (rowsQuery.isPlaceholderData || columnsQuery.isPlaceholderData) && 'opacity-60',
              )}
            >
              <MatrixTable
                models={models.data}
                groups={groups.data}
                modelSearch={state.search}
                groupSearch={columns.search}
                onToggle={mayGrant ? toggle : undefined}
                onLine={mayGrant ? setLine : undefined}
              />
            </div>
            <Pager state={state} total={models.total_count} loading={false} />
          </>
        )}
      </div>
      {models !== undefined && models.data.length > 0 && groups !== undefined && groups.data.length > 0 && (
        <p className="mt-3 text-xs text-faint">
          Arrow keys go from cell to cell, Space grants and takes back. A dashed cell: everybody may use the
          model already, through Everyone.
        </p>
      )}
      {line !== undefined && <LineDialog line={line} onClose={() => setLine(undefined)} />}
    </>
  )
}

/** Search and page of the groups, beside those of the models in the same URL. */
function useColumnsState(rows: ListState): ListState {
  const raw: { groups?: unknown; columns?: unknown } = useSearch({ strict: false })
  const search = typeof raw.groups === 'string' ? raw.groups : ''
  const page = Math.max(1, Math.trunc(Number(raw.columns)) || 1)
  const set = (changes: ListChanges) =>
    rows.set({
      page: rows.page,
      columns: changes.page === 1 ? undefined : changes.page,
      ...('q' in changes ? { groups: changes.q } : {}),
    })
  return {
    page,
    per: COLUMNS,
    sort: undefined,
    search,
    filters: {},
    narrowed: search !== '',
    set,
    widen: () => set({ q: undefined }),
  }
}

function ColumnPager({ state, total, shown }: { state: ListState; total: number; shown: number }) {
  if (total <= COLUMNS) return null
  const first = (state.page - 1) * COLUMNS + 1
  return (
    <div className="flex items-center justify-end gap-2 border-b border-line py-1.5 pr-2 pl-4 text-xs text-faint">
      <p className="tabular-nums" aria-live="polite">
        Groups {first}–{first + shown - 1} of {total}
      </p>
      <Button
        variant="ghost"
        size="icon-sm"
        aria-label="Previous groups"
        disabled={state.page <= 1}
        onClick={() => state.set({ page: state.page - 1 })}
      >
        <ChevronLeft aria-hidden />
      </Button>
      <Button
        variant="ghost"
        size="icon-sm"
        aria-label="Next groups"
        disabled={first + shown > total}
        onClick={() => state.set({ page: state.page + 1 })}
      >
        <ChevronRight aria-hidden />
      </Button>
    </div>
  )
}

function Nothing({ models, narrowed, onWiden }: { models: number; narrowed: boolean; onWiden: () => void }) {
  if (!narrowed) {
    return (
      <EmptyState icon={<Boxes />} title="No models yet">
        Connect a provider, and its models appear here to be granted.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={<SearchX />}
      title={models === 0 ? 'No model matches' : 'No group matches'}
      action={<Button onClick={onWiden}>{models === 0 ? 'Show all models' : 'Show all groups'}</Button>}
    >
      Names, descriptions and providers are looked through.
    </EmptyState>
  )
}

/** Everybody's budgets, for those who look after them. */
import { useQuery } from '@tanstack/react-query'
import type { ColumnDef } from '@tanstack/react-table'
import { Ellipsis, Pencil, PiggyBank, Plus, SearchX, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Badge } from '@/components/badge'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DataTable } from '@/components/data-table/data-table'
import { FilterBar, FilterSelect } from '@/components/data-table/filter-bar'
import { EmptyState } from '@/components/page'
import { say } from '@/components/toast'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { count, smallMoney } from '@/format/number'
import { useCan } from '@/session/session'
import { CreateBudget, EditBudget } from './budget-dialog'
import { ENFORCEMENTS, periodName, scopeName, SCOPES } from './budget-form'
import { BudgetProgress, Left } from './budget-progress'
import { budgetsOptions, useDeleteBudget, type Budget } from './budget-queries'
import type { UsageState } from './queries'

const FILTERS = SCOPES.filter(({ value }) => value !== 'everybody')
const SCOPE_NAMES: Record<Budget['scope'], string> = {
  group: 'Group',
  user: 'User',
  key: 'Key',
  model: 'Model',
}

interface BudgetsProps {
  state: UsageState
  creating: boolean
  onCreate: (creating: boolean) => void
}

export function Budgets({ state, creating, onCreate }: BudgetsProps) {
  const can = useCan()
  const query = useQuery(budgetsOptions(state))
  const [edited, setEdited] = useState<Budget>()
  const [doomed, setDoomed] = useState<Budget>()
  const edit = can('Update', 'Credits') ? setEdited : undefined
  const remove = can('Delete', 'Credits') ? setDoomed : undefined
  const columns = useMemo(() => columnsOf(edit, remove), [edit, remove])
  const { scope } = state.filters
  const narrowed = { ...state, narrowed: state.search !== '' || scope !== undefined }
  const create = can('Create', 'Credits') && (
    <Button variant="primary" onClick={() => onCreate(true)}>
      <Plus aria-hidden /> Create budget
    </Button>
  )
  return (
    <>
      <FilterBar state={narrowed} searchLabel="Find a budget" end={create}>
        <FilterSelect
          label="Of"
          value={scope}
          onChange={(next) => state.set({ scope: next })}
          options={FILTERS}
        />
      </FilterBar>
      <DataTable
        label="Budgets"
        columns={columns}
        query={query}
        state={narrowed}
        rowId={(budget) => budget.id}
        rowName={(budget) => budget.name}
        {...(edit === undefined ? {} : { onOpen: edit })}
        empty={
          <EmptyState icon={<PiggyBank />} title="No budgets yet" action={create}>
            A budget says what the requests of a key, a user, a group or to a model may cost in a period, and
            whether more is refused.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No budget matches"
            action={<Button onClick={state.widen}>Show all budgets</Button>}
          >
            Their names are looked through.
          </EmptyState>
        }
      />
      {creating && can('Create', 'Credits') && <CreateBudget onClose={() => onCreate(false)} />}
      {edited !== undefined && <EditBudget budget={edited} onClose={() => setEdited(undefined)} />}
      <DeleteBudget budget={doomed} onClose={() => setDoomed(undefined)} />
    </>
  )
}

function DeleteBudget({ budget, onClose }: { budget: Budget | undefined; onClose: () => void }) {
  const remove = useDeleteBudget()
  if (budget === undefined) return null
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title={`Delete ${budget.name}?`}
      action="Delete budget"
      onConfirm={async () => {
        await remove.mutateAsync(budget.id)
        say(`${budget.name} is deleted.`)
      }}
    >
      <p>
        Requests of {scopeName(budget)} count in it no more, and are refused for it no more. What was spent is
        forgotten.
      </p>
    </ConfirmDialog>
  )
}

type Act = ((budget: Budget) => void) | undefined

function columnsOf(edit: Act, remove: Act): ColumnDef<Budget>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      meta: { wide: true },
      cell: ({ row: { original: budget } }) => (
        <div className="max-w-72">
          <span className="block truncate font-medium">{budget.name}</span>
          <span className="block truncate text-xs text-faint md:hidden">Of {scopeName(budget)}</span>
        </div>
      ),
    },
    {
      id: 'scope',
      header: 'Of',
      meta: { from: 'md' },
      cell: ({ row: { original: budget } }) => (
        <span className="inline-flex items-center gap-1.5">
          <span className="max-w-56 truncate">{scopeName(budget)}</span>
          {scopeName(budget) !== 'Everybody' && <Badge>{SCOPE_NAMES[budget.scope]}</Badge>}
        </span>
      ),
    },
    {
      id: 'spent',
      header: 'Spent',
      meta: { numeric: true },
      cell: ({ row: { original: budget } }) => (
        <span className="inline-flex flex-col items-end gap-1">
          <span>
            <Figure value={smallMoney(budget.spent)} />
            <span className="text-faint">
              {' '}
              of {smallMoney(budget.amount).shown}
              <span className="max-sm:hidden"> {periodName(budget)}</span>
            </span>
          </span>
          <BudgetProgress budget={budget} className="w-28" />
        </span>
      ),
    },
    {
      id: 'left',
      header: 'Left',
      meta: { numeric: true, from: 'sm' },
      cell: ({ row }) => <Left budget={row.original} />,
    },
    {
      id: 'requests',
      header: 'Requests',
      meta: { numeric: true, from: 'xl' },
      cell: ({ row }) => <Figure value={count(row.original.requests)} />,
    },
    {
      id: 'enforcement',
      header: 'When it runs out',
      meta: { from: 'lg' },
      cell: ({ row }) => (
        <span className="text-soft">
          {ENFORCEMENTS.find(({ value }) => value === row.original.enforcement)?.label}
        </span>
      ),
    },
    {
      id: 'resets_at',
      header: 'Counted anew',
      meta: { from: 'lg' },
      cell: ({ row }) => <Time at={row.original.resets_at} />,
    },
    {
      id: 'actions',
      header: () => <span className="sr-only">Actions</span>,
      meta: { pinned: true },
      cell: ({ row: { original: budget } }) =>
        (edit !== undefined || remove !== undefined) && (
          <div className="text-right">
            <Menu
              trigger={
                <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${budget.name}`}>
                  <Ellipsis aria-hidden />
                </Button>
              }
            >
              {edit !== undefined && (
                <MenuItem onSelect={() => edit(budget)}>
                  <Pencil aria-hidden /> Edit…
                </MenuItem>
              )}
              {edit !== undefined && remove !== undefined && <MenuSeparator />}
              {remove !== undefined && (
                <MenuItem danger onSelect={() => remove(budget)}>
                  <Trash2 aria-hidden /> Delete…
                </MenuItem>
              )}
            </Menu>
          </div>
        ),
    },
  ]
}

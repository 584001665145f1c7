/** The budgets that one's requests count in. */
import { useQuery } from '@tanstack/react-query'
import { ErrorState } from '@/components/page'
import { Panel } from '@/components/panel'
import { Figure, Time } from '@/components/values'
import { smallMoney } from '@/format/number'
import { useUser } from '@/session/session'
import { ENFORCED, periodName, scopeName } from './budget-form'
import { BudgetProgress, Left } from './budget-progress'
import { budgetsOfOptions, type Budget } from './budget-queries'

export function MyBudgets() {
  const { id } = useUser()
  const budgets = useQuery(budgetsOfOptions(id))
  // Who has none reads of none: most people have none.
  if (budgets.isPending || budgets.data?.total_count === 0) return null
  return (
    <div className="mb-6">
      <Panel
        title="Budgets"
        description="What your requests may cost together with those of others that count in the same budget."
        flush
      >
        {budgets.isError ? (
          <ErrorState error={budgets.error} retry={() => void budgets.refetch()} />
        ) : (
          <ul aria-label="Budgets" className="divide-y divide-line">
            {budgets.data.data.map((budget) => (
              <MyBudget key={budget.id} budget={budget} />
            ))}
          </ul>
        )}
      </Panel>
    </div>
  )
}

function MyBudget({ budget }: { budget: Budget }) {
  return (
    <li className="grid items-center gap-x-6 gap-y-1.5 px-4 py-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
      <div className="min-w-0">
        <p className="truncate font-medium">{budget.name}</p>
        <p className="text-xs text-faint">
          Of {scopeName(budget)}. {ENFORCED[budget.enforcement]}
        </p>
      </div>
      <div className="grid gap-1">
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <span>
            <Figure value={smallMoney(budget.spent)} />
            <span className="text-faint">
              {' '}
              of {smallMoney(budget.amount).shown} {periodName(budget)}
            </span>
          </span>
          <Left budget={budget} />
        </div>
        <BudgetProgress budget={budget} className="w-full" />
        {budget.resets_at !== null && (
          <p className="text-xs text-faint">
            Counted anew <Time at={budget.resets_at} />
          </p>
        )}
      </div>
    </li>
  )
}

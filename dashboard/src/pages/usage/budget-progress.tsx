/** How much of a budget is spent, and what is left of it. */
import { Badge } from '@/components/badge'
import { Figure } from '@/components/values'
import { cn } from '@/design/class-names'
import { smallMoney } from '@/format/number'
import { standing } from './budget-form'
import type { Budget } from './budget-queries'

const NEARLY = 0.8

export function BudgetProgress({ budget, className }: { budget: Budget; className?: string }) {
  const { share } = standing(budget)
  const spent = share >= 1
  return (
    <progress
      aria-label={`Share of ${budget.name} that is spent`}
      value={share}
      className={cn(
        'h-1.5 appearance-none overflow-hidden rounded-full bg-line [&::-webkit-progress-bar]:bg-line',
        spent
          ? '[&::-webkit-progress-value]:bg-bad'
          : share >= NEARLY
            ? '[&::-webkit-progress-value]:bg-warn'
            : '[&::-webkit-progress-value]:bg-accent',
        className,
      )}
    />
  )
}

export function Left({ budget }: { budget: Budget }) {
  const { left, share } = standing(budget)
  if (share >= 1) return <Badge tone="bad">Used up</Badge>
  return (
    <span>
      <Figure value={smallMoney(left.toFixed(6))} /> <span className="text-faint">left</span>
    </span>
  )
}

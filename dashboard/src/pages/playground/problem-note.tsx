/** A refusal or a failure, where it happened, and what to do about it. */
import { RotateCw, TriangleAlert } from 'lucide-react'
import { Button } from '@/design/button'
import { adviceOn } from './advice'
import type { ReplyProblem } from './conversation'

export function ProblemNote({
  problem,
  onRetry,
}: {
  problem: ReplyProblem
  onRetry?: (() => void) | undefined
}) {
  const { title, next } = adviceOn(problem)
  return (
    <div role="alert" className="flex gap-2.5 rounded-md bg-bad-well px-3 py-2.5">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div className="min-w-0 flex-1 space-y-1">
        <p className="font-medium text-bad">
          {title}
          {problem.status > 0 && <span className="font-normal tabular-nums"> ({problem.status})</span>}
        </p>
        <p className="break-words">{problem.message}</p>
        {next !== undefined && <p className="text-soft">{next}</p>}
        {onRetry !== undefined && (
          <Button size="sm" className="mt-1" onClick={onRetry}>
            <RotateCw aria-hidden /> Try again
          </Button>
        )}
      </div>
    </div>
  )
}

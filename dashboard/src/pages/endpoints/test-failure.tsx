/** A test that failed, explained. */
import { TriangleAlert } from 'lucide-react'
import { Button } from '@/design/button'
import type { Explanation } from './explanation'

interface TestFailureProps {
  explanation: Explanation
  /** Goes on without a list of models; not offered where that would not help. */
  onName?: (() => void) | undefined
}

export function TestFailure({ explanation, onName }: TestFailureProps) {
  return (
    <div role="alert" ref={intoSight} className="flex gap-2.5 rounded-lg bg-bad-well px-3 py-2.5">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div className="min-w-0 space-y-1">
        <p className="font-medium text-bad">{explanation.title}</p>
        <p className="break-words">{explanation.found}</p>
        {explanation.advice !== undefined && <p className="text-soft">{explanation.advice}</p>}
        {explanation.nameable && onName !== undefined && (
          <Button size="sm" onClick={onName} className="mt-1">
            Name the models yourself
          </Button>
        )}
      </div>
    </div>
  )
}

function intoSight(shown: HTMLElement | null) {
  shown?.scrollIntoView({ block: 'nearest' })
}

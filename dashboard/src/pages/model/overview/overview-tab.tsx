/** What a model is, what was asked of it, and by whom. */
import { useCan } from '@/session/session'
import type { Model } from '../queries'
import type { Range } from '../search'
import { Facts } from './facts'
import { Traffic } from './traffic'

interface OverviewTabProps {
  model: Model
  range: Range
  onRange: (range: Range) => void
}

export function OverviewTab({ model, range, onRange }: OverviewTabProps) {
  const can = useCan()
  return (
    <div className="space-y-4">
      {can('Read', 'Analytics') && <Traffic model={model} range={range} onRange={onRange} />}
      <Facts model={model} />
    </div>
  )
}

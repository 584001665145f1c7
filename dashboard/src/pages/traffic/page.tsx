import { GitCompareArrows } from 'lucide-react'
import { Page } from '@/components/page'
import { Button } from '@/design/button'
import { Breakdown } from './breakdown'
import { Panels } from './panels'
import { PeriodPicker } from './period-picker'
import { ScopeFilters } from './scope-filters'
import { Tiles } from './tiles'
import { useScope } from './use-scope'

export function TrafficPage() {
  const { state, scope, preset, by } = useScope()
  return (
    <Page
      title="Traffic"
      description="What is asked of the gateway, how it goes, and what it costs."
      actions={
        <PeriodPicker period={scope.period} preset={preset} onChange={(change) => state.set({ ...change })} />
      }
    >
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <ScopeFilters state={state} scope={scope} />
        <Button
          variant="ghost"
          aria-pressed={scope.compare}
          className={scope.compare ? 'bg-selected text-ink' : undefined}
          onClick={() => state.set({ compare: scope.compare ? 'no' : undefined, page: state.page })}
        >
          <GitCompareArrows aria-hidden /> Compare with the period before
        </Button>
      </div>
      <Tiles scope={scope} />
      <Panels scope={scope} />
      <Breakdown state={state} scope={scope} by={by} />
    </Page>
  )
}

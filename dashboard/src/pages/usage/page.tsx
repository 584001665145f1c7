import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useListState } from '@/components/data-table/list-state'
import { Page } from '@/components/page'
import { Segments, Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { useCan } from '@/session/session'
import { Alerts } from './alerts'
import { Budgets } from './budgets'
import { USAGE_LIST } from './list-spec'
import { Mine } from './mine'
import { rangeOf, RANGES } from './period'
import type { By } from './queries'

const ROWS: readonly By[] = ['model', 'key', 'day']

export function UsagePage() {
  const can = useCan()
  const state = useListState(USAGE_LIST)
  const search: { view?: unknown; range?: unknown; by?: unknown; create?: unknown } = useSearch({
    strict: false,
  })
  // One moment for all of the page: its parts count the same days.
  const [now] = useState(Date.now)
  const range = rangeOf(search.range)
  const views = [
    { value: 'mine', label: 'My usage' },
    ...(can('Read', 'Credits') ? [{ value: 'budgets', label: 'Budgets' }] : []),
    ...(can('Read', 'System') ? [{ value: 'alerts', label: 'Alerts' }] : []),
  ]
  const view = views.find(({ value }) => value === search.view)?.value ?? 'mine'
  const mine = (
    <Mine state={state} range={range} by={ROWS.find((each) => each === search.by) ?? 'model'} now={now} />
  )
  return (
    <Page
      title="Usage & cost"
      description="What your keys used, what it cost, and what is left."
      actions={
        view === 'mine' && (
          <Segments
            label="Time"
            value={range}
            onChange={(next) => state.set({ range: next === 'month' ? undefined : next })}
            options={RANGES}
          />
        )
      }
    >
      {views.length === 1 ? (
        mine
      ) : (
        <Tabs
          value={view}
          onValueChange={(next) =>
            state.set({
              view: next === 'mine' ? undefined : next,
              q: undefined,
              scope: undefined,
              state: undefined,
              kind: undefined,
              create: undefined,
            })
          }
        >
          <TabList aria-label="Parts" className="mb-4">
            {views.map(({ value, label }) => (
              <Tab key={value} value={value}>
                {label}
              </Tab>
            ))}
          </TabList>
          <TabPanel value={view}>
            {view === 'mine' && mine}
            {view === 'budgets' && (
              <Budgets
                state={state}
                creating={search.create === 'yes'}
                onCreate={(creating) => state.set({ create: creating ? 'yes' : undefined, page: state.page })}
              />
            )}
            {view === 'alerts' && <Alerts state={state} />}
          </TabPanel>
        </Tabs>
      )}
    </Page>
  )
}

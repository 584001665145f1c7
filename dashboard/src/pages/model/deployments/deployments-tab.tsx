/** Where requests for a model go, and how each of these places fares. */
import { useQuery } from '@tanstack/react-query'
import { Network, Plus } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Picker } from '@/components/choose-one'
import { EmptyState, ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { Segments } from '@/design/tabs'
import { providerOf } from '@/pages/models/parts'
import { useCan } from '@/session/session'
import { useAddComponent, useChangeModel } from '../changes'
import { choicesOptions, healthOptions, type Model } from '../queries'
import { ComponentList } from './component-list'
import { HealthPanel } from './health-panel'

const STRATEGIES = [
  { value: 'weighted_random', label: 'By weight' },
  { value: 'priority', label: 'In order' },
] as const

export function DeploymentsTab({ model }: { model: Model }) {
  const health = useQuery(healthOptions(model.id))
  return (
    <div className="space-y-4">
      {model.is_composite === true && <Components model={model} />}
      {health.data !== undefined ? (
        <HealthPanel deployments={health.data} />
      ) : health.isError ? (
        <ErrorState error={health.error} retry={() => void health.refetch()} />
      ) : (
        <Panel title="Health">
          <Skeleton className="w-64" />
        </Panel>
      )}
    </div>
  )
}

function Components({ model }: { model: Model }) {
  const can = useCan()
  const change = useChangeModel(model.id)
  const changes = can('Update', 'CompositeModels')
  const components = model.components ?? []
  const ordered = model.lb_strategy === 'priority'
  const choose = (lb_strategy: 'weighted_random' | 'priority') =>
    change.mutate({ lb_strategy }, { onError: sayProblem })
  return (
    <Panel
      flush
      title="Deployments"
      description={
        ordered
          ? 'The first that is well is asked; the next when it fails.'
          : 'Each is asked as often as its weight says; another when it fails.'
      }
      actions={
        changes && (
          <>
            <Segments
              label="How one is chosen"
              value={ordered ? 'priority' : 'weighted_random'}
              onChange={choose}
              options={STRATEGIES}
            />
            <AddDeployment model={model} />
          </>
        )
      }
    >
      {components.length === 0 ? (
        <EmptyState icon={<Network />} title="No deployments yet">
          Requests for {model.alias} are refused until a model is added that answers them.
        </EmptyState>
      ) : (
        <ComponentList model={model} components={components} ordered={ordered} changes={changes} />
      )}
    </Panel>
  )
}

function AddDeployment({ model }: { model: Model }) {
  const add = useAddComponent(model.id)
  const [typed, setTyped] = useState('')
  const choices = useQuery(choicesOptions(useDeferredValue(typed.trim()), { is_composite: false }))
  const present = new Set((model.components ?? []).map((each) => each.model.id))
  return (
    <Picker
      trigger={
        <Button variant="primary" busy={add.isPending}>
          <Plus aria-hidden /> Add deployment
        </Button>
      }
      searchLabel="Find a model"
      search={typed}
      onSearch={setTyped}
      loading={choices.isFetching}
      choices={(choices.data?.data ?? [])
        .filter((each) => !present.has(each.id))
        .map((each) => ({ value: each.id, label: each.alias, detail: providerOf(each) }))}
      onChoose={({ value, label }) =>
        add.mutate(value, {
          onSuccess: () => say(`${label} is a deployment of ${model.alias}`),
          onError: sayProblem,
        })
      }
    />
  )
}

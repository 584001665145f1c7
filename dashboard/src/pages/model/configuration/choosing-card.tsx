import { SelectField, TextField } from '@/components/fields'
import { useChangePolicy } from '../changes'
import type { Model } from '../queries'
import { between, needed } from './numbers'
import { choosingChanges, choosingOf } from './policy'
import { Columns, SettingsCard } from './settings-card'

const NO_CANARY = 'none'

/** How a composite model chooses among its deployments, beside their weights and order. */
export function ChoosingCard({ model }: { model: Model }) {
  const change = useChangePolicy(model.id)
  const components = (model.components ?? []).map((each) => ({
    value: each.model.id,
    label: each.model.alias,
  }))
  const values = choosingOf(model.traffic_policy ?? undefined)
  return (
    <SettingsCard
      title="Choosing a deployment"
      description="Weights and order are set with the deployments."
      values={{ ...values, canary: values.canary || NO_CANARY }}
      save={(edited) =>
        change.mutateAsync(
          choosingChanges({ ...edited, canary: edited.canary === NO_CANARY ? '' : edited.canary }),
        )
      }
    >
      {({ control, watch }) => (
        <>
          <Columns>
            <SelectField
              control={control}
              name="balancing"
              label="Which one first"
              options={[
                { value: 'strategy', label: 'By weight or order' },
                { value: 'least_busy', label: 'The least busy for its weight' },
                { value: 'lowest_latency', label: 'The one that answers soonest' },
              ]}
            />
            <SelectField
              control={control}
              name="sticky"
              label="Requests stay together"
              hint="So that the provider’s prompt cache is hit."
              options={[
                { value: 'nobody', label: 'No' },
                { value: 'session', label: 'Of a session' },
                { value: 'key', label: 'Of a key' },
                { value: 'user', label: 'Of a user' },
              ]}
            />
          </Columns>
          <Columns>
            <SelectField
              control={control}
              name="canary"
              label="Canary"
              hint="Tried out with a part of the requests; else it is asked last."
              options={[{ value: NO_CANARY, label: 'None' }, ...components]}
            />
            {watch('canary') !== NO_CANARY && (
              <TextField
                control={control}
                name="canary_percent"
                label="Of the requests, in %"
                number="decimal"
                validate={needed(between(0, 100))}
              />
            )}
          </Columns>
        </>
      )}
    </SettingsCard>
  )
}

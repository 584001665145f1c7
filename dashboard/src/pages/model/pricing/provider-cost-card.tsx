import { SelectField, TextField } from '@/components/fields'
import { useChangeModel } from '../changes'
import { needed } from '../configuration/numbers'
import { Columns, SettingsCard } from '../configuration/settings-card'
import type { Model } from '../queries'
import { decimal } from './decimal'
import { providerCostChanges, providerCostOf } from './terms'

const MODES = [
  { value: 'per_token', label: 'By the token' },
  { value: 'hourly', label: 'By the hour' },
]

/** What we pay; nobody is charged by it. */
export function ProviderCostCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  return (
    <SettingsCard
      title="What the provider takes"
      description="For your own accounts: nobody is charged by it."
      values={providerCostOf(model)}
      save={(values) => change.mutateAsync(providerCostChanges(values))}
    >
      {({ control, watch }) => (
        <Columns>
          <SelectField control={control} name="mode" label="Charges" options={MODES} />
          {watch('mode') === 'hourly' ? (
            <>
              <TextField
                control={control}
                name="rate"
                label="An hour, in $"
                number="decimal"
                validate={needed((text) => decimal(text, 12))}
              />
              <TextField
                control={control}
                name="ratio"
                label="Input’s share of a token’s cost"
                hint="A token read costs this part of one that is said."
                number="decimal"
                validate={needed((text) => decimal(text, 12))}
              />
            </>
          ) : (
            <>
              <TextField
                control={control}
                name="input"
                label="Input, in $ per 1M tokens"
                optional
                number="decimal"
                validate={(text) => decimal(text, 6)}
              />
              <TextField
                control={control}
                name="output"
                label="Output, in $ per 1M tokens"
                optional
                number="decimal"
                validate={(text) => decimal(text, 6)}
              />
            </>
          )}
        </Columns>
      )}
    </SettingsCard>
  )
}

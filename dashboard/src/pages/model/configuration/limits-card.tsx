import { TextField } from '@/components/fields'
import { useChangeModel } from '../changes'
import type { Model } from '../queries'
import { between } from './numbers'
import { limitChanges, limitsOf } from './settings'
import { Columns, SettingsCard } from './settings-card'

const WHOLE = between(0, 2 ** 31 - 1, { whole: true })
const POSITIVE = between(0, Infinity, { open: true })

export function LimitsCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  return (
    <SettingsCard
      title="Limits"
      description="Of everybody’s requests together. Empty: no limit."
      values={limitsOf(model)}
      save={(values) => change.mutateAsync(limitChanges(values))}
    >
      {({ control }) => (
        <Columns>
          <TextField
            control={control}
            name="requests_per_second"
            label="Requests a second"
            optional
            number="decimal"
            validate={POSITIVE}
          />
          <TextField
            control={control}
            name="burst_size"
            label="Burst"
            optional
            hint="As many may come at once."
            number="whole"
            validate={WHOLE}
          />
          <TextField
            control={control}
            name="capacity"
            label="Requests under way"
            optional
            number="whole"
            validate={WHOLE}
          />
          <TextField
            control={control}
            name="batch_capacity"
            label="Requests of batches under way"
            optional
            placeholder="As configured"
            number="whole"
            validate={WHOLE}
          />
          <TextField
            control={control}
            name="throughput"
            label="Batch requests a second"
            optional
            hint="Batches that could not be done in time are refused."
            placeholder="As configured"
            number="decimal"
            validate={POSITIVE}
          />
        </Columns>
      )}
    </SettingsCard>
  )
}

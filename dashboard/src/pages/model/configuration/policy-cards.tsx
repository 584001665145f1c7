/** Parts of a model's traffic policy. */
import { SelectField, TextField } from '@/components/fields'
import { useChangePolicy } from '../changes'
import type { Model } from '../queries'
import { ModelField } from './model-field'
import { between, needed } from './numbers'
import {
  breakerChanges,
  breakerOf,
  hedgingChanges,
  hedgingOf,
  substituteChanges,
  substitutesOf,
  timeoutChanges,
  timeoutsOf,
  wasteChanges,
  wasteOf,
} from './policy'
import { Columns, SettingsCard } from './settings-card'

const SECONDS = between(0, 86_400, { open: true })

interface CardProps {
  model: Model
}

export function SubstitutesCard({ model }: CardProps) {
  const change = useChangePolicy(model.id)
  return (
    <SettingsCard
      title="In its place"
      description="Another model answers a request that this one cannot; it needs no grant, and costs what this one costs."
      values={substitutesOf(model.traffic_policy ?? undefined)}
      save={(values) => change.mutateAsync(substituteChanges(values))}
    >
      {({ control }) => (
        <Columns>
          <ModelField
            control={control}
            name="on_context_overflow"
            label="When a request is too long"
            by="id"
            none="The request fails"
            except={model}
          />
          <ModelField
            control={control}
            name="on_content_refusal"
            label="When a content policy refuses it"
            by="id"
            none="The request fails"
            except={model}
          />
        </Columns>
      )}
    </SettingsCard>
  )
}

export function TimeoutsCard({ model }: CardProps) {
  const change = useChangePolicy(model.id)
  const seconds = { number: 'decimal', validate: SECONDS, optional: true } as const
  return (
    <SettingsCard
      title="Timeouts"
      description="In seconds. Empty: as the server is configured."
      values={timeoutsOf(model.traffic_policy ?? undefined)}
      save={(values) => change.mutateAsync(timeoutChanges(values))}
    >
      {({ control }) => (
        <Columns>
          <TextField control={control} name="connect" label="Connecting" {...seconds} placeholder="10" />
          <TextField
            control={control}
            name="first_byte"
            label="Until the answer begins"
            {...seconds}
            hint="Reasoning models think for minutes."
            placeholder="600"
          />
          <TextField
            control={control}
            name="idle"
            label="Between two pieces of it"
            {...seconds}
            placeholder="300"
          />
          <TextField
            control={control}
            name="total"
            label="The whole request"
            {...seconds}
            hint="With all its attempts."
            placeholder="3600"
          />
        </Columns>
      )}
    </SettingsCard>
  )
}

export function HedgingCard({ model }: CardProps) {
  const change = useChangePolicy(model.id)
  return (
    <SettingsCard
      title="Hedging"
      description="Embeddings, moderations and reranking: a second deployment is asked while the first is slow. The first answer counts."
      values={hedgingOf(model.traffic_policy ?? undefined)}
      save={(values) => change.mutateAsync(hedgingChanges(values))}
    >
      {({ control, watch }) => (
        <Columns>
          <SelectField
            control={control}
            name="begins"
            label="A second attempt"
            options={[
              { value: 'never', label: 'Is never made' },
              { value: 'after_ms', label: 'After a time' },
              { value: 'after_percentile', label: 'When it is slower than most' },
            ]}
          />
          {watch('begins') === 'after_ms' && (
            <TextField
              control={control}
              name="after_ms"
              label="After, in ms"
              number="whole"
              validate={needed(between(1, 3_600_000, { whole: true }))}
            />
          )}
          {watch('begins') === 'after_percentile' && (
            <TextField
              control={control}
              name="after_percentile"
              label="Slower than, in % of the answers"
              number="decimal"
              validate={needed(between(50, 99.99))}
            />
          )}
          {watch('begins') !== 'never' && (
            <TextField
              control={control}
              name="budget_percent"
              label="At most, in % of the requests"
              number="decimal"
              validate={needed(between(0, 100, { open: true }))}
            />
          )}
        </Columns>
      )}
    </SettingsCard>
  )
}

export function WasteCard({ model }: CardProps) {
  const change = useChangePolicy(model.id)
  return (
    <SettingsCard
      title="Cost of failed attempts"
      description="Where a further attempt might waste more, none is made. Empty: no bound."
      values={wasteOf(model.traffic_policy ?? undefined)}
      save={(values) => change.mutateAsync(wasteChanges(values))}
    >
      {({ control, getValues }) => (
        <Columns>
          <TextField
            control={control}
            name="max_wasted_cost"
            label="In one request, in $"
            optional
            number="decimal"
            validate={(text) =>
              text.trim() === '' && getValues('max_wasted_percent').trim() !== ''
                ? 'A bound of all requests needs one of each request.'
                : between(0, 1e11)(text)
            }
          />
          <TextField
            control={control}
            name="max_wasted_percent"
            label="Of all requests, in % of their cost"
            optional
            number="decimal"
            validate={between(0, 100)}
          />
        </Columns>
      )}
    </SettingsCard>
  )
}

export function BreakerCard({ model }: CardProps) {
  const change = useChangePolicy(model.id)
  return (
    <SettingsCard
      title="Breaker"
      description="When its deployment is left alone for a while, in every model that it is a part of."
      values={breakerOf(model.traffic_policy ?? undefined)}
      save={(values) => change.mutateAsync(breakerChanges(values))}
    >
      {({ control, getValues }) => (
        <Columns>
          <TextField
            control={control}
            name="failures"
            label="After failures in a row"
            number="whole"
            validate={needed(between(1, 1_000_000, { whole: true }))}
          />
          <TextField
            control={control}
            name="error_rate"
            label="Or at a part of failures"
            hint="From 0 to 1: 0.5 is half of them."
            number="decimal"
            validate={needed(between(0, 1, { open: true }))}
          />
          <TextField
            control={control}
            name="min_requests"
            label="Of at least so many requests"
            number="whole"
            validate={needed(between(1, 1_000_000_000, { whole: true }))}
          />
          <TextField
            control={control}
            name="window_seconds"
            label="Within, in seconds"
            number="decimal"
            validate={needed(between(1, 3600))}
          />
          <TextField
            control={control}
            name="cooldown_seconds"
            label="Rests, in seconds"
            number="decimal"
            validate={needed(between(0.1, 3600))}
          />
          <TextField
            control={control}
            name="longest_cooldown_seconds"
            label="Longest rest, in seconds"
            hint="Each trial that fails doubles the rest."
            number="decimal"
            validate={(text) => {
              const checked = needed(between(0.1, 86_400))(text)
              if (checked !== true) return checked
              return (
                Number(text) >= Number(getValues('cooldown_seconds')) || 'At least as long as the first rest.'
              )
            }}
          />
        </Columns>
      )}
    </SettingsCard>
  )
}

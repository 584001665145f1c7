import { SelectField, SwitchField, TextField } from '@/components/fields'
import { useChangeModel } from '../changes'
import type { Model } from '../queries'
import { between, needed } from './numbers'
import { retriesOf, retryChanges, statuses } from './settings'
import { Columns, SettingsCard } from './settings-card'

const MILLISECONDS = between(1, 2 ** 31 - 1, { whole: true })

export function RetriesCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  const composite = model.is_composite === true
  return (
    <SettingsCard
      title={composite ? 'Fallback' : 'Retries'}
      description={
        composite
          ? 'What follows a failure, as long as the client has heard nothing: another deployment is asked.'
          : 'What follows a failure, as long as the client has heard nothing.'
      }
      values={retriesOf(model)}
      save={(values) => change.mutateAsync(retryChanges(values, composite))}
    >
      {({ control, watch, getValues }) => (
        <>
          {composite && (
            <>
              <SwitchField control={control} name="fallback_enabled" label="Ask another deployment" />
              {watch('fallback_enabled') && (
                <>
                  <SwitchField
                    control={control}
                    name="fallback_on_rate_limit"
                    label="Also when a provider limits us"
                    hint="The status 429."
                  />
                  <SwitchField
                    control={control}
                    name="fallback_with_replacement"
                    label="The same one may be asked again"
                  />
                  <Columns>
                    <TextField
                      control={control}
                      name="fallback_on_status"
                      label="After these statuses"
                      hint="With commas between."
                      validate={statuses}
                    />
                    <TextField
                      control={control}
                      name="fallback_max_attempts"
                      label="Attempts in all"
                      optional
                      placeholder="Each deployment once"
                      number="whole"
                      validate={between(1, 2 ** 31 - 1, { whole: true })}
                    />
                  </Columns>
                </>
              )}
            </>
          )}
          <SwitchField
            control={control}
            name="backoff_enabled"
            label={composite ? 'Wait between attempts' : 'Try again, after a wait'}
            hint="The wait grows with each attempt."
          />
          {watch('backoff_enabled') && (
            <Columns>
              <TextField
                control={control}
                name="backoff_initial_ms"
                label="First wait, in ms"
                number="whole"
                validate={needed(MILLISECONDS)}
              />
              <TextField
                control={control}
                name="backoff_max_ms"
                label="Longest wait, in ms"
                number="whole"
                validate={(text) => {
                  const checked = needed(MILLISECONDS)(text)
                  if (checked !== true) return checked
                  return (
                    Number(text) >= Number(getValues('backoff_initial_ms')) ||
                    'At least as long as the first one.'
                  )
                }}
              />
              <TextField
                control={control}
                name="backoff_factor"
                label="Grows by the factor"
                number="decimal"
                validate={needed(between(1, Infinity))}
              />
              <SelectField
                control={control}
                name="backoff_jitter"
                label="Chance"
                options={[
                  { value: 'full', label: 'Anything up to the wait' },
                  { value: 'none', label: 'Exactly the wait' },
                ]}
              />
              <TextField
                control={control}
                name="backoff_max_total_ms"
                label="Waits in all, in ms"
                optional
                number="whole"
                validate={MILLISECONDS}
              />
            </Columns>
          )}
        </>
      )}
    </SettingsCard>
  )
}

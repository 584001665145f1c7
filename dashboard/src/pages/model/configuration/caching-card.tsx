import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { SelectField, SwitchField, TextField } from '@/components/fields'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { useChangePolicy, usePurgeAnswers } from '../changes'
import type { Model } from '../queries'
import { between, needed } from './numbers'
import { cachingChanges, cachingOf } from './policy'
import { Columns, SettingsCard } from './settings-card'

export function CachingCard({ model }: { model: Model }) {
  const change = useChangePolicy(model.id)
  const purge = usePurgeAnswers(model.id)
  const [asking, setAsking] = useState(false)
  const values = cachingOf(model.traffic_policy ?? undefined)
  return (
    <>
      <SettingsCard
        title="Kept answers"
        description="The same request is given the same answer again, and costs nothing."
        values={values}
        save={(edited) => change.mutateAsync(cachingChanges(edited))}
        actions={values.enabled && <Button onClick={() => setAsking(true)}>Forget them…</Button>}
      >
        {({ control, watch }) => (
          <>
            <SwitchField control={control} name="enabled" label="Keep answers" />
            {watch('enabled') && (
              <>
                <Columns>
                  <TextField
                    control={control}
                    name="ttl_seconds"
                    label="For, in seconds"
                    number="decimal"
                    validate={needed(between(0, 30 * 86400, { open: true }))}
                  />
                  <SelectField
                    control={control}
                    name="scope"
                    label="Given again to"
                    options={[
                      { value: 'key', label: 'The same key' },
                      { value: 'user', label: 'The same user' },
                      { value: 'group', label: 'The same groups' },
                      { value: 'shared', label: 'Everybody' },
                    ]}
                  />
                  <TextField
                    control={control}
                    name="max_entry_bytes"
                    label="Largest answer, in bytes"
                    number="whole"
                    validate={needed(between(1024, 64 * 1024 * 1024, { whole: true }))}
                  />
                </Columns>
                <SwitchField
                  control={control}
                  name="shared"
                  label="Shared by all gateways"
                  hint="They are kept in the database; else each gateway worker keeps its own."
                />
              </>
            )}
          </>
        )}
      </SettingsCard>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Forget the kept answers of ${model.alias}?`}
        action="Forget them"
        onConfirm={async () => {
          await purge.mutateAsync()
          say(`The kept answers of ${model.alias} are forgotten`)
        }}
      >
        <p>Within a second none of them is given again. New ones are kept as before.</p>
      </ConfirmDialog>
    </>
  )
}

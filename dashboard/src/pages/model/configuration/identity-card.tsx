import { FormField } from '@/components/form-field'
import { SelectField, TextField } from '@/components/fields'
import { Input } from '@/design/field'
import { TYPES } from '@/pages/models/queries'
import { useChangeModel } from '../changes'
import type { Model } from '../queries'
import { between } from '@/components/number-text'
import { apis, identityChanges, identityOf } from './settings'
import { Columns, SettingsCard } from '@/components/settings-card'

const ELSE = 'Left empty, as the catalogue says.'

export function IdentityCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  return (
    <SettingsCard
      title="General"
      description="What clients call it, and what people are told about it."
      values={identityOf(model)}
      save={(values) => change.mutateAsync(identityChanges(values, model))}
      taken={{
        field: 'alias',
        message: 'Another model has this alias. That of a deleted model stays taken, too.',
      }}
    >
      {({ control }) => (
        <>
          <Columns>
            <TextField
              control={control}
              name="alias"
              label="Alias"
              hint="Programs send it as “model”. Those that send the old one are refused."
              validate={(alias) => alias.trim() !== '' || 'A model needs an alias.'}
            />
            <TextField control={control} name="display_name" label="Display name" optional />
            <SelectField
              control={control}
              name="model_type"
              label="Type"
              placeholder="Not known"
              options={Object.entries(TYPES).map(([value, label]) => ({ value, label }))}
            />
          </Columns>
          <TextField control={control} name="description" label="Description" optional />
          <Columns>
            <TextField
              control={control}
              name="capabilities"
              label="Capabilities"
              optional
              hint={`With commas between: tools, vision, audio, reasoning. ${ELSE}`}
            />
            <TextField
              control={control}
              name="provider"
              label="Provider"
              optional
              hint="As people are told."
            />
            <TextField
              control={control}
              name="context_window"
              label="Context window, in tokens"
              optional
              number="whole"
              hint={ELSE}
              validate={between(0, 2 ** 53, { whole: true })}
            />
            <TextField
              control={control}
              name="max_output_tokens"
              label="Longest answer, in tokens"
              optional
              number="whole"
              hint={ELSE}
              validate={between(1, 2 ** 53, { whole: true })}
            />
            <TextField
              control={control}
              name="apis"
              label="Asked by"
              optional
              hint={`APIs, with commas between: chat, responses, images. ${ELSE}`}
              validate={apis}
            />
          </Columns>
          {model.is_composite !== true && (
            <FormField
              label="Provider’s name of the model"
              hint="It is sent to the provider, and cannot be changed."
            >
              {(controlled) => (
                <Input {...controlled} value={model.model_name} readOnly className="bg-sunken font-mono" />
              )}
            </FormField>
          )}
        </>
      )}
    </SettingsCard>
  )
}

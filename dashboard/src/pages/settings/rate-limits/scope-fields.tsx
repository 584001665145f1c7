/** What a limit is of: one user, group, key or model. A key is found by its owner. */
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { ChooseOne } from '@/components/choose-one'
import { FormField, type ControlProps } from '@/components/form-field'
import { SelectField } from '@/components/fields'
import { Select } from '@/design/field'
import { choicesOptions, type Kind } from '../choices'
import { keysOfUserOptions } from './queries'
import { SCOPES, type LimitValues } from './values'

const NAMES = { user: 'User', group: 'Group', model: 'Model' }

export function ScopeFields({ form }: { form: UseFormReturn<LimitValues> }) {
  const scope = form.watch('scope')
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        control={form.control}
        name="scope"
        label="Of"
        options={SCOPES}
        onChanged={() => form.setValue('scope_id', '')}
      />
      <Controller
        key={scope}
        control={form.control}
        name="scope_id"
        rules={{ validate: (id) => id !== '' || 'Choose one.' }}
        render={({ field, fieldState }) =>
          scope === 'key' ? (
            <KeyOfSomebody value={field.value} onChange={field.onChange} error={fieldState.error?.message} />
          ) : (
            <FormField label={NAMES[scope]} error={fieldState.error?.message}>
              {(control) => (
                <Chooser control={control} kind={scope} value={field.value} onChange={field.onChange} />
              )}
            </FormField>
          )
        }
      />
    </div>
  )
}

interface ChooserProps {
  control: ControlProps
  kind: Kind
  value: string
  onChange: (id: string) => void
}

function Chooser({ control, kind, value, onChange }: ChooserProps) {
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState<string>()
  const search = useDeferredValue(typed.trim())
  const found = useQuery(choicesOptions(kind, search))
  const choices = (found.data ?? []).map(({ id, name, detail }) => ({ value: id, label: name, detail }))
  return (
    <ChooseOne
      control={control}
      chosen={value === '' ? undefined : chosen}
      none={`Choose a ${kind}`}
      removable={false}
      searchLabel={`Find a ${kind}`}
      choices={choices}
      value={value}
      search={typed}
      onSearch={setTyped}
      loading={found.isFetching}
      onChange={(id) => {
        setChosen(choices.find((choice) => choice.value === id)?.label)
        onChange(id)
      }}
    />
  )
}

interface KeyOfSomebodyProps {
  value: string
  onChange: (id: string) => void
  error: string | undefined
}

function KeyOfSomebody({ value, onChange, error }: KeyOfSomebodyProps) {
  const [owner, setOwner] = useState('')
  const keys = useQuery(keysOfUserOptions(owner))
  const options = (keys.data?.data ?? []).map(({ id, name, prefix }) => ({
    value: id,
    label: `${name} (${prefix}…)`,
  }))
  return (
    <div className="space-y-4">
      <FormField label="Owner">
        {(control) => (
          <Chooser
            control={control}
            kind="user"
            value={owner}
            onChange={(id) => {
              setOwner(id)
              onChange('')
            }}
          />
        )}
      </FormField>
      {owner !== '' && (
        <FormField
          label="Key"
          error={error}
          {...(keys.isSuccess && options.length === 0 ? { hint: 'This account has no keys.' } : {})}
        >
          {(control) => (
            <Select
              {...control}
              value={value}
              onChange={onChange}
              options={options}
              placeholder="Choose a key"
            />
          )}
        </FormField>
      )}
    </div>
  )
}

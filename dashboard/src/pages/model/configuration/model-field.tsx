/** A model, by its id or its alias. */
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { Controller, type Control, type FieldPath, type FieldValues } from 'react-hook-form'
import { ChooseOne } from '@/components/choose-one'
import { FormField } from '@/components/form-field'
import { providerOf } from '@/pages/models/parts'
import { choicesOptions, modelOptions, type Model } from '../queries'

interface ModelFieldProps<Values extends FieldValues> {
  control: Control<Values>
  name: FieldPath<Values>
  label: string
  hint?: string
  by: 'id' | 'alias'
  none: string
  /** It cannot take its own place. */
  except: Pick<Model, 'id'>
  required?: string
}

export function ModelField<Values extends FieldValues>(props: ModelFieldProps<Values>) {
  const { control, name, label, hint, by, none, except, required } = props
  const [typed, setTyped] = useState('')
  const choices = useQuery(choicesOptions(useDeferredValue(typed.trim())))
  const models = (choices.data?.data ?? []).filter((model) => model.id !== except.id)
  return (
    <Controller
      control={control}
      name={name}
      rules={required === undefined ? {} : { validate: (value) => value !== '' || required }}
      render={({ field, fieldState }) => (
        <FormField label={label} hint={hint} error={fieldState.error?.message}>
          {(controlled) => (
            <Chosen by={by} value={String(field.value)} models={models}>
              {(chosen) => (
                <ChooseOne
                  control={controlled}
                  value={String(field.value)}
                  chosen={chosen}
                  none={none}
                  onChange={field.onChange}
                  searchLabel="Find a model"
                  search={typed}
                  onSearch={setTyped}
                  loading={choices.isFetching}
                  choices={models.map((model) => ({
                    value: model[by],
                    label: model.alias,
                    detail: providerOf(model),
                  }))}
                />
              )}
            </Chosen>
          )}
        </FormField>
      )}
    />
  )
}

interface ChosenProps {
  by: 'id' | 'alias'
  value: string
  models: readonly Model[]
  children: (alias: string | undefined) => React.ReactNode
}

/** The alias of what is chosen, which is not always among the choices. */
function Chosen({ by, value, models, children }: ChosenProps) {
  const listed = models.find((model) => model.id === value)
  const asked = useQuery({
    ...modelOptions(value),
    enabled: by === 'id' && value !== '' && listed === undefined,
  })
  if (value === '') return children(undefined)
  return children(by === 'alias' ? value : (listed?.alias ?? asked.data?.alias ?? '…'))
}

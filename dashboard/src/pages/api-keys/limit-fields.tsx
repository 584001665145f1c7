/** What a key may use, how fast, for how much money, and what is kept of it. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState, type ReactNode } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { api, must } from '@/api/client'
import { ChooseMany } from '@/components/choose-many'
import { SelectField, SwitchField } from '@/components/fields'
import { FormField } from '@/components/form-field'
import { Input, Select } from '@/design/field'
import { cachings, INTERVALS, positive, positiveWhole, type KeyValues } from './new-key'

const LISTED = 100

interface FieldsProps {
  form: UseFormReturn<KeyValues>
}

interface OwnedFieldsProps extends FieldsProps {
  /** Whether the key is one's own. */
  own: boolean
}

export function ModelsField({ form, own }: OwnedFieldsProps) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const models = useQuery({
    queryKey: ['models', 'choices', own, search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      // What somebody else may use is not to be asked for: all are offered.
      const query = { accessible: own, search, sort: 'alias', limit: LISTED } as const
      return must(api.GET('/admin/api/v1/models', { params: { query }, signal }))
    },
  })
  return (
    <Controller
      control={form.control}
      name="models"
      render={({ field, fieldState }) => (
        <FormField label="Models" optional error={fieldState.error?.message}>
          {(control) => (
            <ChooseMany
              control={control}
              value={field.value}
              onChange={field.onChange}
              none={own ? 'All that you may use' : 'All that its owner may use'}
              searchLabel="Find a model"
              options={models.data?.data.map((model) => model.alias) ?? []}
              search={typed}
              onSearch={setTyped}
              loading={models.isFetching}
            />
          )}
        </FormField>
      )}
    />
  )
}

interface LimitFieldsProps extends FieldsProps {
  /** Those that the key has: a rate can be changed, not taken away. */
  rates?: { requests_per_second: boolean; burst_size: boolean }
  /** What stands beneath the fields. */
  children?: ReactNode
}

export function LimitFields({ form, rates, children }: LimitFieldsProps) {
  const { errors } = form.formState
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">Limits</legend>
      <div className="grid gap-4 rounded-lg border border-line p-3 sm:grid-cols-2">
        <FormField
          label="Requests a second"
          optional={rates?.requests_per_second !== true}
          error={errors.requests_per_second?.message}
        >
          {(control) => (
            <Input
              {...control}
              {...form.register('requests_per_second', {
                validate: rates?.requests_per_second === true ? needed(positive) : positive,
              })}
              inputMode="decimal"
              placeholder="No limit"
            />
          )}
        </FormField>
        <FormField label="At once" optional={rates?.burst_size !== true} error={errors.burst_size?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('burst_size', {
                validate: rates?.burst_size === true ? needed(positiveWhole) : positiveWhole,
              })}
              inputMode="numeric"
              placeholder="As many as a second’s"
            />
          )}
        </FormField>
        <FormField label="Spending, in $" optional error={errors.spend_limit?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('spend_limit', { validate: positive })}
              inputMode="decimal"
              placeholder="No limit"
            />
          )}
        </FormField>
        <Controller
          control={form.control}
          name="spend_limit_interval"
          render={({ field, fieldState }) => (
            <FormField label="Counted" error={fieldState.error?.message}>
              {(control) => (
                <Select {...control} value={field.value} onChange={field.onChange} options={INTERVALS} />
              )}
            </FormField>
          )}
        />
        {children}
      </div>
    </fieldset>
  )
}

function needed(valid: (text: string) => true | string) {
  return (text: string) =>
    text.trim() === '' ? 'A rate can be changed, not taken away. Make a new key without one.' : valid(text)
}

export function KeepingFields({ form, own }: OwnedFieldsProps) {
  return (
    <>
      <SelectField
        control={form.control}
        name="caching"
        label="Kept answers"
        options={cachings(own)}
        hint="Of models that keep answers: whose this key’s requests may be given."
      />
      <SwitchField
        control={form.control}
        name="zero_data_retention"
        label="Keep no conversations"
        hint="Requests and answers of this key are stored nowhere."
      />
    </>
  )
}

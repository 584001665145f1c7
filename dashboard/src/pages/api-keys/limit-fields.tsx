/** What a new key may use, how fast, and for how much money. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { api, must } from '@/api/client'
import { ChooseMany } from '@/components/choose-many'
import { FormField } from '@/components/form-field'
import { Input, Select } from '@/design/field'
import { INTERVALS, positive, positiveWhole, type NewKeyValues } from './new-key'

const LISTED = 100

interface FieldsProps {
  form: UseFormReturn<NewKeyValues>
}

export function ModelsField({ form }: FieldsProps) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const models = useQuery({
    queryKey: ['models', 'choices', search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { accessible: true, search, sort: 'alias', limit: LISTED } as const
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
              none="All that you may use"
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

export function LimitFields({ form }: FieldsProps) {
  const { errors } = form.formState
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">Limits</legend>
      <div className="grid gap-4 rounded-lg border border-line p-3 sm:grid-cols-2">
        <FormField label="Requests a second" optional error={errors.requests_per_second?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('requests_per_second', { validate: positive })}
              inputMode="decimal"
              placeholder="No limit"
            />
          )}
        </FormField>
        <FormField label="At once" optional error={errors.burst_size?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('burst_size', { validate: positiveWhole })}
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
      </div>
    </fieldset>
  )
}

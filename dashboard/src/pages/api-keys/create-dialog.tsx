import { useId, useState } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { SecretShown } from '@/components/secret-shown'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Input, Select } from '@/design/field'
import { Segments } from '@/design/tabs'
import { KeepingFields, LimitFields, ModelsField } from './limit-fields'
import { asNewKey, BLANK, EXPIRIES, PURPOSES, type KeyValues } from './new-key'
import { useCreateKey } from './queries'

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const formId = useId()
  const [secret, setSecret] = useState<string>()
  const create = useCreateKey()
  const form = useForm<KeyValues>({ defaultValues: BLANK })
  const { errors } = form.formState
  const purpose = form.watch('purpose')
  const submit = form.handleSubmit(async (values) => {
    try {
      setSecret((await create.mutateAsync(asNewKey(values, Date.now()))).key)
    } catch (error) {
      showProblem(form, error, { field: 'name', message: 'You have a key with this name already.' })
    }
  })
  if (secret !== undefined) {
    return <SecretShown secret={secret} title="Your new key" onStored={onClose} />
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create an API key"
      description="It may use whatever models you may, unless you name some."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={create.isPending}>
            Create key
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <FormField
          label="Name"
          hint="So that you know it again: the program, the place."
          error={errors.name?.message}
        >
          {(control) => (
            <Input
              {...control}
              {...form.register('name', { validate: (name) => name.trim() !== '' || 'A key needs a name.' })}
              placeholder="ci, my laptop, support bot…"
              autoComplete="off"
              // eslint-disable-next-line jsx-a11y/no-autofocus -- where a dialog begins
              autoFocus
            />
          )}
        </FormField>
        <FormField label="Description" optional error={errors.description?.message}>
          {(control) => <Input {...control} {...form.register('description')} autoComplete="off" />}
        </FormField>
        <div className="grid gap-4 sm:grid-cols-2">
          <div className="space-y-1.5">
            <p className="font-medium">For</p>
            <Controller
              control={form.control}
              name="purpose"
              render={({ field }) => (
                <Segments label="For" value={field.value} onChange={field.onChange} options={PURPOSES} />
              )}
            />
          </div>
          <Controller
            control={form.control}
            name="expires_at"
            render={({ field, fieldState }) => (
              <FormField label="Expires" error={fieldState.error?.message}>
                {(control) => (
                  <Select {...control} value={field.value} onChange={field.onChange} options={EXPIRIES} />
                )}
              </FormField>
            )}
          />
        </div>
        {purpose === 'realtime' && (
          <>
            <ModelsField form={form} own />
            <LimitFields form={form} />
            <KeepingFields form={form} own />
          </>
        )}
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

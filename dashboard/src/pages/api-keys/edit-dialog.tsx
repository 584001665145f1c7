import { useId } from 'react'
import { useForm } from 'react-hook-form'
import { SelectField, SwitchField, TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { relativeTime } from '@/format/time'
import { asChanges, expiryChoices, valuesOf } from './changed-key'
import { KeepingFields, LimitFields, ModelsField } from './limit-fields'
import type { KeyValues } from './new-key'
import { useChangeKey, type ListedKey } from './queries'
import { useFullName, useStranger } from './rights'

export function EditDialog({ apiKey: key, onClose }: { apiKey: ListedKey; onClose: () => void }) {
  const formId = useId()
  const stranger = useStranger()(key)
  const own = stranger === undefined
  const called = useFullName()(key)
  const change = useChangeKey(key)
  const form = useForm<KeyValues>({ defaultValues: valuesOf(key) })
  const { errors } = form.formState
  const expiry = key.expires_at === null ? '' : relativeTime(Date.parse(key.expires_at), Date.now())
  const submit = form.handleSubmit(async (values) => {
    try {
      const body = asChanges(key, values, Date.now())
      if (Object.keys(body).length > 0) {
        const { name } = await change.mutateAsync(body)
        say(`${name} is changed. Gateways know within a second.`)
      }
      onClose()
    } catch (error) {
      const message = `${stranger === undefined ? 'You have' : `${stranger} has`} a key with this name already.`
      showProblem(form, error, { field: 'name', message })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit ${called}`}
      description={
        key.purpose === 'platform'
          ? `A key of the management API. It may what ${stranger === undefined ? 'you may' : 'its owner may'}.`
          : 'Its secret stays what it is.'
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={change.isPending}>
            Save
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <TextField
          control={form.control}
          name="name"
          label="Name"
          validate={(name) => name.trim() !== '' || 'A key needs a name.'}
        />
        <TextField control={form.control} name="description" label="Description" optional />
        <SelectField
          control={form.control}
          name="expires_at"
          label="Expires"
          options={expiryChoices(key, expiry)}
        />
        {key.purpose !== 'platform' && (
          <>
            <ModelsField form={form} own={own} />
            <LimitFields
              form={form}
              rates={{
                requests_per_second: key.requests_per_second !== null,
                burst_size: key.burst_size !== null,
              }}
            >
              {key.spend_limit !== null && (
                <SwitchField
                  control={form.control}
                  name="reset_window"
                  label="Count spending anew"
                  hint="What was spent until now does not count any more."
                  className="sm:col-span-2"
                />
              )}
            </LimitFields>
            <KeepingFields form={form} own={own} />
          </>
        )}
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

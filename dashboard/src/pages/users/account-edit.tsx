import { Controller, useForm } from 'react-hook-form'
import { SwitchField, TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { between } from '@/components/number-text'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { nameOf } from '@/format/person'
import { accountChanges, accountValues, type AccountValues } from './account-form'
import { useChangeUser, type User } from './queries'
import { RoleChoice } from './role-choice'

export function AccountEdit({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  const before = accountValues(user)
  const form = useForm<AccountValues>({ defaultValues: before })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      const changed = await change.mutateAsync(accountChanges(values, before))
      say(`${nameOf(changed)} is changed.`)
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <TextField control={form.control} name="display_name" label="Name" placeholder={user.username} />
      <Controller
        control={form.control}
        name="roles"
        render={({ field }) => <RoleChoice value={field.value} onChange={field.onChange} />}
      />
      <TextField
        control={form.control}
        name="low_balance_threshold"
        label="Low balance, in $"
        number="decimal"
        optional
        validate={between(0, Number.POSITIVE_INFINITY)}
        placeholder="No mail, no alert"
        hint="A mail to them, and an alert, when their balance falls below this amount."
      />
      <SwitchField
        control={form.control}
        name="batch_notifications_enabled"
        label="Mails about batches"
        hint="When one of their batches is done or has failed."
      />
      <SwitchField
        control={form.control}
        name="zero_data_retention"
        label="Keep none of their conversations"
        hint="Requests and answers made with their keys are stored nowhere from now on."
      />
      <FormError>{errors.root?.message}</FormError>
      <div className="flex justify-end gap-2">
        {isDirty && <Button onClick={() => form.reset()}>Discard</Button>}
        <Button type="submit" variant="primary" disabled={!isDirty} busy={change.isPending}>
          Save
        </Button>
      </div>
    </form>
  )
}

import { Controller } from 'react-hook-form'
import { SwitchField, TextField } from '@/components/fields'
import { between } from '@/components/number-text'
import { SettingsCard } from '@/components/settings-card'
import { nameOf } from '@/format/person'
import { accountChanges, accountValues } from './account-form'
import { useChangeUser, type User } from './queries'
import { RoleChoice } from './role-choice'

export function AccountEdit({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  const before = accountValues(user)
  return (
    <SettingsCard
      title="Account"
      values={before}
      save={(values) => change.mutateAsync(accountChanges(values, before))}
      saved={({ display_name }) => `${nameOf({ ...user, display_name })} is changed.`}
    >
      {({ control }) => (
        <>
          <TextField control={control} name="display_name" label="Name" placeholder={user.username} />
          <Controller
            control={control}
            name="roles"
            render={({ field }) => <RoleChoice value={field.value} onChange={field.onChange} />}
          />
          <TextField
            control={control}
            name="low_balance_threshold"
            label="Low balance, in $"
            number="decimal"
            optional
            validate={between(0, Number.POSITIVE_INFINITY)}
            placeholder="No mail, no alert"
            hint="A mail to them, and an alert, when their balance falls below this amount."
          />
          <SwitchField
            control={control}
            name="batch_notifications_enabled"
            label="Mails about batches"
            hint="When one of their batches is done or has failed."
          />
          <SwitchField
            control={control}
            name="zero_data_retention"
            label="Keep none of their conversations"
            hint="Requests and answers made with their keys are stored nowhere from now on."
          />
        </>
      )}
    </SettingsCard>
  )
}

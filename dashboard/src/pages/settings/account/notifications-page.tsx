import { Link } from '@tanstack/react-router'
import { SwitchField, TextField } from '@/components/fields'
import { asText, between, numberOrNull } from '@/components/number-text'
import { SettingsCard } from '@/components/settings-card'
import { useCan, useUser } from '@/session/session'
import { Sheet } from '../sheet'
import { useChangeOwnAccount } from './queries'

export function NotificationsPage() {
  const user = useUser()
  const can = useCan()
  const change = useChangeOwnAccount()
  return (
    <Sheet title="Notifications" description={`What is mailed to ${user.email}.`}>
      <SettingsCard
        title="Mails"
        values={{
          batch_notifications_enabled: user.batch_notifications_enabled,
          low_balance_threshold: asText(user.low_balance_threshold),
        }}
        save={({ batch_notifications_enabled, low_balance_threshold }) =>
          change.mutateAsync({
            batch_notifications_enabled,
            low_balance_threshold: numberOrNull(low_balance_threshold),
          })
        }
      >
        {(form) => (
          <>
            <SwitchField
              control={form.control}
              name="batch_notifications_enabled"
              label="Batches that ended"
              hint="A mail when one of your batches is done or has failed."
            />
            <TextField
              control={form.control}
              name="low_balance_threshold"
              label="Low balance, in $"
              number="decimal"
              optional
              validate={between(0, Number.POSITIVE_INFINITY)}
              placeholder="No mail"
              hint="A mail when your balance falls below this amount."
            />
          </>
        )}
      </SettingsCard>
      {can('Read', 'Webhooks', 'own') && (
        <p className="text-soft">
          Programs are told by{' '}
          <Link to="/settings/webhooks" className="text-accent underline underline-offset-2">
            webhooks
          </Link>
          .
        </p>
      )}
    </Sheet>
  )
}

/** What an administrator changes of an account, as its form has it and as the API wants it. Pure. */
import type { Schema } from '@/api/client'
import { asText, numberOrNull } from '@/components/number-text'
import { notableRoles, type Role } from '@/format/roles'
import type { User } from './queries'

export interface AccountValues {
  display_name: string
  roles: Role[]
  low_balance_threshold: string
  batch_notifications_enabled: boolean
  zero_data_retention: boolean
}

export function accountValues(user: User): AccountValues {
  return {
    display_name: user.display_name ?? '',
    roles: notableRoles(user.roles) as Role[],
    low_balance_threshold: asText(user.low_balance_threshold),
    batch_notifications_enabled: user.batch_notifications_enabled,
    zero_data_retention: user.zero_data_retention,
  }
}

/** Only what was changed, so that nobody else's change in the meantime is taken back. An empty threshold is none. */
export function accountChanges(values: AccountValues, before: AccountValues): Schema['UserChanges'] {
  const changed = (name: keyof AccountValues) => String(values[name]) !== String(before[name])
  return {
    ...(changed('display_name') && { display_name: values.display_name.trim() }),
    ...(changed('roles') && { roles: values.roles }),
    ...(changed('low_balance_threshold') && {
      low_balance_threshold: numberOrNull(values.low_balance_threshold),
    }),
    ...(changed('batch_notifications_enabled') && {
      batch_notifications_enabled: values.batch_notifications_enabled,
    }),
    ...(changed('zero_data_retention') && { zero_data_retention: values.zero_data_retention }),
  }
}

import { useCan, useUser } from '@/session/session'
import type { User } from './queries'

/** Whether the person who is signed in may change this account: the configuration's administrator's is theirs alone. */
export function useMayChange(user: User): boolean {
  const can = useCan()
  const me = useUser()
  return can('Update', 'Users') && (!user.is_admin || me.is_admin)
}

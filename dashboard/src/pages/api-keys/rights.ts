import { useCallback } from 'react'
import { nameOf } from '@/format/person'
import { useCan, useUser } from '@/session/session'
import type { ListedKey } from './queries'

export interface Rights {
  change: boolean
  remove: boolean
}

/** What the person who is signed in may do with a key: the configuration's administrator's are theirs alone to change. */
export function useRights(): (key: ListedKey) => Rights {
  const can = useCan()
  const me = useUser()
  return useCallback(
    ({ user_id, owner }) => {
      const whose = user_id === me.id ? 'own' : 'all'
      const barred = whose === 'all' && owner?.is_admin === true && !me.is_admin
      return {
        change: !barred && can('Update', 'ApiKeys', whose),
        remove: !barred && can('Delete', 'ApiKeys', whose),
      }
    },
    [can, me],
  )
}

/** Whose a key is, where it is somebody else's. */
export function useStranger(): (key: ListedKey) => string | undefined {
  const me = useUser()
  return useCallback(
    ({ user_id, owner }) => (user_id === me.id || owner === undefined ? undefined : nameOf(owner)),
    [me.id],
  )
}

/** What a key is called among others': "laptop of Ada". */
export function useFullName(): (key: ListedKey) => string {
  const stranger = useStranger()
  return useCallback(
    (key) => {
      const owner = stranger(key)
      return owner === undefined ? key.name : `${key.name} of ${owner}`
    },
    [stranger],
  )
}

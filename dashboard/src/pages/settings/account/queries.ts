/** One's own account. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'
import { sessionOptions, useUser } from '@/session/session'

export function useChangeOwnAccount() {
  const client = useQueryClient()
  const { id } = useUser()
  return useMutation({
    mutationFn: (body: Schema['UserChanges']) =>
      must(api.PATCH('/admin/api/v1/users/{user_id}', { params: { path: { user_id: id } }, body })),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: sessionOptions.queryKey }),
        client.invalidateQueries({ queryKey: ['users'] }),
      ]),
  })
}

export function useChangePassword() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['PasswordChange']) =>
      must(api.POST('/authentication/password-change', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['users', 'sessions'] }),
  })
}

/** How many requests' bodies are erased at a time, the server decides; it is asked until there are none. */
export function useEraseOwnBodies() {
  const { id } = useUser()
  return useMutation({
    mutationFn: async () => {
      let erased = 0
      for (;;) {
        const call = api.DELETE('/admin/api/v1/requests/bodies', { params: { query: { user_id: id } } })
        const answer = await must(call)
        erased += answer.erased
        if (!answer.more) return erased
      }
    },
  })
}

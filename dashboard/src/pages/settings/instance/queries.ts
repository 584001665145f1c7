/** What the configuration says, and the mail that tries it. */
import { queryOptions, useMutation } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'

export type Overview = Schema['InstanceOverview']

export const instanceOptions = queryOptions({
  queryKey: ['instance'],
  queryFn: () => must(api.GET('/admin/api/v1/instance')),
})

export function useTestMail() {
  return useMutation({ mutationFn: () => must(api.POST('/admin/api/v1/instance/test-mail')) })
}

/** One's webhooks, and what was sent to them. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'

export type Webhook = Schema['Webhook']
export type Delivery = Schema['Delivery']
export type DeliveryState = Delivery['state']

const ALL = ['webhooks'] as const
const ME = 'current'
const SHOWN = 25
const WAITING_REFRESH_MS = 2_000

const at = (webhook_id: string) => ({ path: { user_id: ME, webhook_id } })

export const webhooksOptions = queryOptions({
  queryKey: ALL,
  queryFn: () =>
    must(api.GET('/admin/api/v1/users/{user_id}/webhooks', { params: { path: { user_id: ME } } })),
})

/** Asked again while something waits to be sent. */
export function deliveriesOptions(id: string, state: DeliveryState | undefined) {
  const path = '/admin/api/v1/users/{user_id}/webhooks/{webhook_id}/deliveries'
  return infiniteQueryOptions({
    queryKey: [...ALL, 'deliveries', id, state],
    queryFn: ({ pageParam, signal }) => {
      const query = { skip: pageParam, limit: SHOWN, ...(state === undefined ? {} : { state }) }
      return must(api.GET(path, { params: { ...at(id), query }, signal }))
    },
    initialPageParam: 0,
    getNextPageParam: ({ skip, data, total_count }) =>
      data.length > 0 && skip + data.length < total_count ? skip + data.length : undefined,
    refetchInterval: WAITING_REFRESH_MS,
  })
}

export function useCreateWebhook() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['NewWebhook']) =>
      must(api.POST('/admin/api/v1/users/{user_id}/webhooks', { params: { path: { user_id: ME } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useChangeWebhook(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['WebhookChanges']) =>
      must(api.PATCH('/admin/api/v1/users/{user_id}/webhooks/{webhook_id}', { params: at(id), body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useDeleteWebhook() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/admin/api/v1/users/{user_id}/webhooks/{webhook_id}', { params: at(id) })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL, exact: true }),
  })
}

export function useRotateSecret() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (id: string) => {
      const path = '/admin/api/v1/users/{user_id}/webhooks/{webhook_id}/rotate-secret'
      return (await must(api.POST(path, { params: at(id) }))).secret
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ALL, exact: true }),
  })
}

export function useRetryDelivery(webhookId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (delivery_id: string) => {
      const path = '/admin/api/v1/users/{user_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry'
      return must(api.POST(path, { params: { path: { ...at(webhookId).path, delivery_id } } }))
    },
    onSettled: () => client.invalidateQueries({ queryKey: [...ALL, 'deliveries', webhookId] }),
  })
}

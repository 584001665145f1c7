/** What requests and answers must pass. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'

export type Guardrail = Schema['Guardrail']
export type NewGuardrail = Schema['NewGuardrail']
export type GuardrailChanges = Schema['GuardrailChanges']

const ALL = ['guardrails'] as const
/** As many as there can be. */
const MOST = 100

const at = (guardrail_id: string) => ({ params: { path: { guardrail_id } } })

export const guardrailsOptions = queryOptions({
  queryKey: ALL,
  queryFn: () => must(api.GET('/admin/api/v1/guardrails', { params: { query: { limit: MOST } } })),
})

export function useCreateGuardrail() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewGuardrail) => must(api.POST('/admin/api/v1/guardrails', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export interface IdentifiedChanges {
  id: string
  changes: GuardrailChanges
}

/** Of one or several, one after the other; what fails stops the rest. */
export function useChangeGuardrails() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (wanted: readonly IdentifiedChanges[]) => {
      for (const { id, changes } of wanted) {
        await must(api.PATCH('/admin/api/v1/guardrails/{guardrail_id}', { ...at(id), body: changes }))
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useDeleteGuardrail() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => must(api.DELETE('/admin/api/v1/guardrails/{guardrail_id}', at(id))),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useTrial() {
  return useMutation({
    mutationFn: (body: Schema['Trial']) => must(api.POST('/admin/api/v1/guardrails/try', { body })),
  })
}

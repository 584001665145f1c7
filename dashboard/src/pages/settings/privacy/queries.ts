/** What is taken out of conversations before they are kept. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'

export type Rule = Schema['RedactionRule']

const ALL = ['redaction-rules'] as const
/** As many as there can be. */
const MOST = 100

const at = (rule_id: string) => ({ params: { path: { rule_id } } })

export const rulesOptions = queryOptions({
  queryKey: ALL,
  queryFn: () => must(api.GET('/admin/api/v1/redaction-rules', { params: { query: { limit: MOST } } })),
})

export function useCreateRule() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['NewRedactionRule']) =>
      must(api.POST('/admin/api/v1/redaction-rules', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useChangeRule(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Schema['RedactionRuleChanges']) =>
      must(api.PATCH('/admin/api/v1/redaction-rules/{rule_id}', { ...at(id), body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function useDeleteRule() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => must(api.DELETE('/admin/api/v1/redaction-rules/{rule_id}', at(id))),
    onSuccess: () => client.invalidateQueries({ queryKey: ALL }),
  })
}

export function usePreview() {
  return useMutation({
    mutationFn: (text: string) => must(api.POST('/admin/api/v1/redaction-rules/preview', { body: { text } })),
  })
}

/** Everything that changes a model's probe. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, must, type Schema } from '@/api/client'

/** Its own, what it found, and what models show of it. */
function useAskAnew() {
  const client = useQueryClient()
  return () =>
    Promise.all(['probes', 'uptime', 'models'].map((name) => client.invalidateQueries({ queryKey: [name] })))
}

export function useCreateProbe() {
  const onSuccess = useAskAnew()
  return useMutation({
    mutationFn: (body: Schema['NewProbe']) => must(api.POST('/admin/api/v1/probes', { body })),
    onSuccess,
  })
}

export function useChangeProbe(id: string) {
  const onSuccess = useAskAnew()
  return useMutation({
    mutationFn: (body: Schema['ProbeChanges']) =>
      must(api.PATCH('/admin/api/v1/probes/{probe_id}', { params: { path: { probe_id: id } }, body })),
    onSuccess,
  })
}

export function useSwitchProbe(id: string) {
  const onSuccess = useAskAnew()
  const params = { path: { probe_id: id } }
  return useMutation({
    mutationFn: (on: boolean) =>
      must(
        on
          ? api.PATCH('/admin/api/v1/probes/{probe_id}/activate', { params })
          : api.PATCH('/admin/api/v1/probes/{probe_id}/deactivate', { params }),
      ),
    onSuccess,
  })
}

export function useRunProbe(id: string) {
  const onSuccess = useAskAnew()
  return useMutation({
    mutationFn: () =>
      must(api.POST('/admin/api/v1/probes/{probe_id}/execute', { params: { path: { probe_id: id } } })),
    onSuccess,
  })
}

export function useDeleteProbe(id: string) {
  const onSuccess = useAskAnew()
  return useMutation({
    mutationFn: () =>
      must(api.DELETE('/admin/api/v1/probes/{probe_id}', { params: { path: { probe_id: id } } })),
    onSuccess,
  })
}

/** Asks once, and keeps nothing. */
export function useTestProbe(modelId: string) {
  return useMutation({
    mutationFn: (body: Schema['ProbeTest']) =>
      must(
        api.POST('/admin/api/v1/probes/test/{model_id}', { params: { path: { model_id: modelId } }, body }),
      ),
  })
}

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { freeName } from '@/format/name'
import { keyChoicesOptions, useCreateKey } from '@/pages/api-keys/queries'

/** Makes a key under a name that is free. */
export function useFreshKey(onMade: (secret: string) => void) {
  const keys = useQuery(keyChoicesOptions)
  const create = useCreateKey()
  const client = useQueryClient()
  const make = async () => {
    const taken = new Set((keys.data?.data ?? []).map((key) => key.name))
    const made = await create.mutateAsync({
      name: freeName('First request', taken),
      purpose: 'realtime',
      zero_data_retention: false,
    })
    onMade(made.key)
    await client.invalidateQueries({ queryKey: ['first-run'] })
  }
  return [() => void make().catch(() => undefined), create.isPending, create.error] as const
}

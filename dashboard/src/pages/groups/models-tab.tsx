import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Collection } from '@/components/collection'
import { PickMany } from '@/components/pick-many'
import { plural } from '@/format/number'
import { useCan } from '@/session/session'
import { grantedOptions, modelChoicesOptions, useChangeGrants, type Group } from './queries'

export function ModelsTab({ group }: { group: Pick<Group, 'id' | 'name'> }) {
  const can = useCan()
  const [typed, setTyped] = useState('')
  const query = useInfiniteQuery(grantedOptions(group.id, useDeferredValue(typed.trim())))
  const change = useChangeGrants()
  const mayChange = can('Update', 'Groups')
  const set = (models: readonly string[], granted: boolean) =>
    change.mutateAsync({ groups: [group.id], models: [...models], granted })
  return (
    <Collection
      label={`Models of ${group.name}`}
      searchLabel="Find a granted model"
      search={typed}
      onSearch={setTyped}
      entries={query.data?.pages.flatMap(({ data }) =>
        data.map((model) => ({
          id: model.id,
          name: model.alias,
          note: model.model_name === model.alias ? undefined : model.model_name,
        })),
      )}
      total={query.data?.pages[0]?.total_count ?? 0}
      error={query.error}
      retry={() => void query.refetch()}
      more={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      loadingMore={query.isFetchingNextPage}
      empty="No model is granted to it yet."
      add={mayChange && <GrantModels group={group.id} onAdd={(ids) => set(ids, true)} />}
      removing={
        mayChange
          ? {
              label: (model) => `Take ${model.name} from ${group.name}`,
              done: (model) => `${group.name} is no longer granted ${model.name}.`,
              act: (model, back) => set([model.id], back),
            }
          : undefined
      }
    />
  )
}

interface GrantModelsProps {
  group: string
  onAdd: (models: readonly string[]) => Promise<unknown>
}

function GrantModels({ group, onAdd }: GrantModelsProps) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const models = useQuery(modelChoicesOptions(search))
  // Of those that are found, the granted ones: the same search, within the group.
  const granted = useInfiniteQuery(grantedOptions(group, search))
  const inside = new Set(granted.data?.pages.flatMap(({ data }) => data.map(({ id }) => id)))
  return (
    <PickMany
      label={
        <>
          <Plus aria-hidden /> Grant models
        </>
      }
      searchLabel="Find models to grant"
      options={(models.data?.data ?? [])
        .filter(({ id }) => !inside.has(id))
        .map(({ id, alias }) => ({ id, name: alias }))}
      search={typed}
      onSearch={setTyped}
      loading={models.isFetching}
      action={(amount) => (amount === 0 ? 'Grant' : `Grant ${plural(amount, 'model')}`)}
      onAdd={(picked) => onAdd(picked.map(({ id }) => id))}
    />
  )
}

/** Several models or groups, chosen by their names and kept by their ids. */
import { useQueries, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { ChooseMany } from '@/components/choose-many'
import type { ControlProps } from '@/components/form-field'
import { choicesOptions, nameOptions, type Named } from './choices'

interface ChooseIdsProps {
  control: ControlProps
  kind: 'model' | 'group'
  value: readonly string[]
  onChange: (ids: string[]) => void
  /** What it says while nothing is chosen. */
  none: string
}

export function ChooseIds({ control, kind, value, onChange, none }: ChooseIdsProps) {
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const found = useQuery(choicesOptions(kind, search))
  const chosen = useNamed(kind, value)
  const known = [...chosen, ...(found.data ?? [])]
  return (
    <ChooseMany
      control={control}
      value={chosen.map(({ name }) => name)}
      onChange={(names) =>
        onChange(names.flatMap((name) => known.find((each) => each.name === name)?.id ?? []))
      }
      none={none}
      searchLabel={`Find a ${kind}`}
      options={found.data?.map(({ name }) => name) ?? []}
      search={typed}
      onSearch={setTyped}
      loading={found.isFetching}
    />
  )
}

/** Those with these ids, called by their ids until their names are there. */
export function useNamed(kind: 'model' | 'group', ids: readonly string[]): Named[] {
  const names = useQueries({ queries: ids.map((id) => nameOptions(kind, id)) })
  return ids.map((id, index) => names[index]?.data ?? { id, name: id })
}

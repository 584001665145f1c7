/** Whose keys are shown, and of everybody's which. */
import { useQuery } from '@tanstack/react-query'
import { FilterSelect } from '@/components/data-table/filter-bar'
import { FilterFind } from '@/components/data-table/filter-find'
import { Segments } from '@/design/tabs'
import { nameOf } from '@/format/person'
import { findUserChoices, userOptions } from '@/pages/users/queries'
import { useCan } from '@/session/session'
import { EXPIRING, UNUSED } from './inventory'
import { API_KEYS_LIST } from './list-spec'
import { PURPOSES } from './new-key'
import type { KeysState } from './queries'

interface WhoseProps {
  everybodys: boolean
  set: KeysState['set']
}

export function Whose({ everybodys, set }: WhoseProps) {
  const unfiltered = Object.fromEntries(API_KEYS_LIST.filters.map((name) => [name, undefined]))
  return (
    <Segments
      label="Whose"
      value={everybodys ? 'all' : 'mine'}
      onChange={(next) => set({ ...unfiltered, whose: next === 'all' ? 'all' : undefined })}
      options={[
        { value: 'mine', label: 'Mine' },
        { value: 'all', label: 'Everybody’s' },
      ]}
    />
  )
}

export function Filters({ state: { filters, set } }: { state: KeysState }) {
  const can = useCan()
  const { user_id, purpose, expiry, use } = filters
  const people = can('Read', 'Users')
  const named = useQuery({ ...userOptions(user_id ?? ''), enabled: people && user_id !== undefined })
  return (
    <>
      {people && (
        <FilterFind
          label="Owner"
          value={user_id}
          name={named.data === undefined ? undefined : nameOf(named.data)}
          onChange={(next) => set({ user_id: next })}
          of={['users', 'api-keys']}
          find={findUserChoices}
        />
      )}
      <FilterSelect
        label="Expires"
        value={expiry}
        onChange={(next) => set({ expiry: next })}
        options={EXPIRING}
      />
      <FilterSelect label="Used" value={use} onChange={(next) => set({ use: next })} options={UNUSED} />
      <FilterSelect
        label="For"
        value={purpose}
        onChange={(next) => set({ purpose: next })}
        options={PURPOSES}
      />
    </>
  )
}

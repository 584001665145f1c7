/** Which group, user, key or model a budget is of. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { api, must } from '@/api/client'
import { ChooseOne, type Choice } from '@/components/choose-one'
import { FormField } from '@/components/form-field'
import { nameOf } from '@/format/person'
import { keysOfUserOptions, userChoicesOptions } from '@/pages/users/queries'
import { EVERYONE, type BudgetValues } from './budget-form'

const LISTED = 50

interface SubjectProps {
  form: UseFormReturn<BudgetValues>
}

export function Subject({ form }: SubjectProps) {
  switch (form.watch('scope')) {
    case 'everybody':
      return null
    case 'group':
      return <GroupField form={form} />
    case 'user':
      return <UserField form={form} />
    case 'key':
      return <KeyFields form={form} />
    case 'model':
      return <ModelField form={form} />
  }
}

function GroupField({ form }: SubjectProps) {
  const [search, setSearch] = useState('')
  const groups = useQuery({
    queryKey: ['groups', 'choices', search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { search, limit: LISTED }
      return must(api.GET('/admin/api/v1/groups', { params: { query }, signal }))
    },
  })
  const choices = (groups.data?.data ?? [])
    .filter(({ id }) => id !== EVERYONE)
    .map(({ id, name }) => ({ value: id, label: name }))
  return (
    <Choose form={form} label="Group" search={search} onSearch={setSearch} choices={choices} of={groups} />
  )
}

function UserField({ form }: SubjectProps) {
  const [search, setSearch] = useState('')
  const users = useQuery(userChoicesOptions(search))
  const choices = (users.data?.data ?? []).map((user) => ({
    value: user.id,
    label: nameOf(user),
    detail: user.email,
  }))
  return <Choose form={form} label="User" search={search} onSearch={setSearch} choices={choices} of={users} />
}

function ModelField({ form }: SubjectProps) {
  const [search, setSearch] = useState('')
  const models = useQuery({
    queryKey: ['models', 'choices', 'all', search],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const query = { search, sort: 'alias', limit: LISTED } as const
      return must(api.GET('/admin/api/v1/models', { params: { query }, signal }))
    },
  })
  const choices = (models.data?.data ?? []).map(({ id, alias }) => ({ value: id, label: alias }))
  return (
    <Choose form={form} label="Model" search={search} onSearch={setSearch} choices={choices} of={models} />
  )
}

/** Keys are found by whose they are. */
function KeyFields({ form }: SubjectProps) {
  const [search, setSearch] = useState('')
  const [typed, setTyped] = useState('')
  const [holder, setHolder] = useState<Choice>()
  const users = useQuery(userChoicesOptions(search))
  const keys = useQuery({ ...keysOfUserOptions(holder?.value ?? ''), enabled: holder !== undefined })
  const people = (users.data?.data ?? []).map((user) => ({
    value: user.id,
    label: nameOf(user),
    detail: user.email,
  }))
  const choices = (keys.data?.data ?? [])
    .filter(({ name }) => name.toLowerCase().includes(typed.trim().toLowerCase()))
    .map(({ id, name, prefix }) => ({ value: id, label: name, detail: `${prefix}…` }))
  return (
    <>
      <FormField label="Whose key">
        {(control) => (
          <ChooseOne
            control={control}
            chosen={holder?.label}
            value={holder?.value}
            none="Choose a user"
            searchLabel="Find a user"
            choices={people}
            search={search}
            onSearch={setSearch}
            loading={users.isFetching}
            removable={false}
            onChange={(id) => {
              setHolder(people.find(({ value }) => value === id))
              form.setValue('scope_id', '')
            }}
          />
        )}
      </FormField>
      {holder !== undefined && (
        <Choose form={form} label="Key" search={typed} onSearch={setTyped} choices={choices} of={keys} />
      )}
    </>
  )
}

interface ChooseProps extends SubjectProps {
  label: string
  search: string
  onSearch: (text: string) => void
  choices: readonly Choice[]
  of: { isFetching: boolean }
}

function Choose({ form, label, search, onSearch, choices, of }: ChooseProps) {
  const [name, setName] = useState<string>()
  const one = label.toLowerCase()
  return (
    <Controller
      control={form.control}
      name="scope_id"
      rules={{ validate: (id) => id !== '' || `Choose a ${one}.` }}
      render={({ field, fieldState }) => (
        <FormField label={label} error={fieldState.error?.message}>
          {(control) => (
            <ChooseOne
              control={control}
              chosen={field.value === '' ? undefined : name}
              value={field.value}
              none={`Choose a ${one}`}
              searchLabel={`Find a ${one}`}
              choices={choices}
              search={search}
              onSearch={onSearch}
              loading={of.isFetching}
              removable={false}
              onChange={(id) => {
                setName(choices.find(({ value }) => value === id)?.label)
                field.onChange(id)
              }}
            />
          )}
        </FormField>
      )}
    />
  )
}

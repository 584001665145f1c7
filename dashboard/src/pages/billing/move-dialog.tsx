/** Credits that an administrator gives or takes. */
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { ChooseOne, type Choice } from '@/components/choose-one'
import { TextField } from '@/components/fields'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Segments } from '@/design/tabs'
import { money } from '@/format/number'
import { nameOf } from '@/format/person'
import { userChoicesOptions } from '@/pages/users/queries'
import { useMove } from './queries'

const WAYS = [
  { value: 'admin_grant', label: 'Give' },
  { value: 'admin_removal', label: 'Take' },
] as const

interface Values {
  user_id: string
  transaction_type: (typeof WAYS)[number]['value']
  amount: string
  description: string
}

interface MoveDialogProps {
  /** Whose account is looked at. */
  account: Choice | undefined
  onClose: () => void
}

export function MoveDialog({ account, onClose }: MoveDialogProps) {
  const formId = useId()
  // Names this movement, so that it is booked once however often it is sent.
  const [sourceId] = useState(newSourceId)
  const [person, setPerson] = useState(account)
  const [search, setSearch] = useState('')
  const users = useQuery(userChoicesOptions(search))
  const choices = (users.data?.data ?? []).map((user) => ({
    value: user.id,
    label: nameOf(user),
    detail: user.email,
  }))
  const move = useMove()
  const form = useForm<Values>({
    defaultValues: {
      user_id: account?.value ?? '',
      transaction_type: 'admin_grant',
      amount: '',
      description: '',
    },
  })
  const gives = form.watch('transaction_type') === 'admin_grant'
  const submit = form.handleSubmit(async ({ description, amount, ...rest }) => {
    try {
      const reason = description.trim()
      const made = await move.mutateAsync({
        ...rest,
        amount: amount.trim(),
        source_id: sourceId,
        ...(reason === '' ? {} : { description: reason }),
      })
      const much = money(made.amount).shown
      say(gives ? `${much} given to ${person?.label ?? ''}.` : `${much} taken from ${person?.label ?? ''}.`)
      onClose()
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title="Give or take credits"
      description="It is booked at once and stays on record. A balance may go below zero."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={move.isPending}>
            {gives ? 'Give credits' : 'Take credits'}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <Controller
          control={form.control}
          name="transaction_type"
          render={({ field }) => (
            <Segments label="Way" value={field.value} onChange={field.onChange} options={WAYS} />
          )}
        />
        <Controller
          control={form.control}
          name="user_id"
          rules={{ validate: (id) => id !== '' || 'Choose whose account.' }}
          render={({ field, fieldState }) => (
            <FormField label="Account" error={fieldState.error?.message}>
              {(control) => (
                <ChooseOne
                  control={control}
                  chosen={person?.label}
                  value={field.value}
                  none="Choose a user"
                  searchLabel="Find a user"
                  choices={choices}
                  search={search}
                  onSearch={setSearch}
                  loading={users.isFetching}
                  removable={false}
                  onChange={(id) => {
                    setPerson(choices.find(({ value }) => value === id))
                    field.onChange(id)
                  }}
                />
              )}
            </FormField>
          )}
        />
        <TextField
          control={form.control}
          name="amount"
          label="Amount, in $"
          number="decimal"
          validate={(text) => Number(text) > 0 || 'An amount greater than zero.'}
        />
        <TextField
          control={form.control}
          name="description"
          label="Reason"
          hint="The account’s owner sees it in the list."
          optional
        />
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

/** `crypto.randomUUID` is there on pages of HTTPS only. */
function newSourceId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `dashboard-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

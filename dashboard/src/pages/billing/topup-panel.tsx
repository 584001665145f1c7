/** How one's own account is filled: payment methods, and purchases by themselves. */
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { Badge } from '@/components/badge'
import { TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { Panel } from '@/components/panel'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { money } from '@/format/number'
import { useUser } from '@/session/session'
import { useDisableTopup, useEnableTopup, usePortal, useSetUp } from './queries'
import {
  asTopup,
  greaterThanZero,
  isOn,
  limitWrong,
  notNegative,
  topupValues,
  type TopupValues,
} from './topup-form'

export function TopupPanel() {
  const user = useUser()
  const [editing, setEditing] = useState(false)
  const disable = useDisableTopup()
  const portal = usePortal()
  const setUp = useSetUp()
  const on = isOn(user)
  const methods = user.has_payment_provider_id ? (
    <Button busy={portal.isPending} onClick={() => portal.mutate(undefined, { onError: sayProblem })}>
      Payment methods
    </Button>
  ) : (
    <Button busy={setUp.isPending} onClick={() => setUp.mutate(undefined, { onError: sayProblem })}>
      Store a payment method
    </Button>
  )
  return (
    <Panel
      title="Automatic top-up"
      description={
        on
          ? `Buys ${shown(user.auto_topup_amount)} when the balance is below ${shown(user.auto_topup_threshold)}${
              user.auto_topup_monthly_limit === null
                ? ''
                : `, and at most ${shown(user.auto_topup_monthly_limit)} in a month`
            }.`
          : 'Buys credits by itself when the balance falls below what you say.'
      }
      actions={on ? <Badge tone="good">On</Badge> : <Badge>Off</Badge>}
      footer={
        <>
          {methods}
          {on && (
            <Button
              busy={disable.isPending}
              onClick={() =>
                disable.mutate(undefined, {
                  onSuccess: () => say('Automatic top-up is off.'),
                  onError: sayProblem,
                })
              }
            >
              Turn off
            </Button>
          )}
          <Button onClick={() => setEditing(!editing)} aria-expanded={editing}>
            {on ? 'Change' : 'Set up'}
          </Button>
        </>
      }
    >
      {editing ? <TopupForm values={topupValues(user)} onDone={() => setEditing(false)} /> : undefined}
    </Panel>
  )
}

function TopupForm({ values, onDone }: { values: TopupValues; onDone: () => void }) {
  const enable = useEnableTopup()
  const form = useForm<TopupValues>({ defaultValues: values })
  const submit = form.handleSubmit(async (given) => {
    try {
      const answer = await enable.mutateAsync(asTopup(given))
      if ('needs_billing_portal' in answer) {
        form.setError('root', { message: 'No payment method is stored yet. Store one, then turn this on.' })
        return
      }
      say('Automatic top-up is on.')
      onDone()
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} className="grid gap-4 sm:grid-cols-3" noValidate>
      <TextField
        control={form.control}
        name="threshold"
        label="Below, in $"
        number="decimal"
        validate={notNegative}
      />
      <TextField
        control={form.control}
        name="amount"
        label="Buy, in $"
        number="decimal"
        validate={greaterThanZero}
      />
      <TextField
        control={form.control}
        name="monthly_limit"
        label="In a month, in $"
        number="decimal"
        placeholder="No limit"
        optional
        validate={(text) => limitWrong(text, form.getValues('amount'))}
      />
      <div className="space-y-3 sm:col-span-3">
        <FormError>{form.formState.errors.root?.message}</FormError>
        <div className="flex justify-end">
          <Button type="submit" variant="primary" busy={enable.isPending}>
            Turn on
          </Button>
        </div>
      </div>
    </form>
  )
}

function shown(amount: number | null): string {
  return money(amount ?? 0).shown
}

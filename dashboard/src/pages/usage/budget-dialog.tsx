/** The form of a budget: a new one, or one that is there. */
import { useId, type ReactNode } from 'react'
import { Controller, useForm, type UseFormReturn } from 'react-hook-form'
import { SelectField, SwitchField, TextField } from '@/components/fields'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Select } from '@/design/field'
import { useCan, type Can } from '@/session/session'
import {
  amountWrong,
  asBudgetChanges,
  asNewBudget,
  BLANK,
  ENFORCED,
  ENFORCEMENTS,
  PERIODS,
  periodName,
  scopeName,
  SCOPES,
  thresholdsOf,
  valuesOf,
  type BudgetValues,
} from './budget-form'
import { useChangeBudget, useCreateBudget, type Budget } from './budget-queries'
import { Subject } from './budget-subject'

const TAKEN = { field: 'name', message: 'There is a budget of that name for the same already.' } as const

export function CreateBudget({ onClose }: { onClose: () => void }) {
  const can = useCan()
  const create = useCreateBudget()
  const scopes = SCOPES.filter(({ value }) => mayChoose(value, can))
  const form = useForm<BudgetValues>({
    defaultValues: { ...BLANK, scope: can('Read', 'Groups') ? 'group' : 'everybody' },
  })
  return (
    <BudgetForm
      form={form}
      title="Create a budget"
      description="What the requests of somebody, or to a model, may cost in a period."
      action="Create budget"
      onClose={onClose}
      onSubmit={async (values) => {
        const { name } = await create.mutateAsync(asNewBudget(values))
        say(`${name} is in force. It counts from now on.`)
      }}
    >
      <Controller
        control={form.control}
        name="scope"
        render={({ field }) => (
          <FormField label="Of">
            {(control) => (
              <Select
                {...control}
                value={field.value}
                onChange={(scope) => {
                  field.onChange(scope)
                  form.setValue('scope_id', '')
                  form.clearErrors('scope_id')
                }}
                options={scopes}
              />
            )}
          </FormField>
        )}
      />
      <Subject form={form} />
      <SelectField control={form.control} name="period" label="Counted" options={PERIODS} />
      {form.watch('period') !== 'total' && (
        <SwitchField
          control={form.control}
          name="rolling"
          label="Rolling"
          hint="Any stretch of that length counts, instead of days, weeks and months of the calendar (UTC)."
        />
      )}
    </BudgetForm>
  )
}

export function EditBudget({ budget, onClose }: { budget: Budget; onClose: () => void }) {
  const change = useChangeBudget(budget.id)
  const form = useForm<BudgetValues>({ defaultValues: valuesOf(budget) })
  return (
    <BudgetForm
      form={form}
      title={`Edit ${budget.name}`}
      description={`Of ${scopeName(budget)}, ${periodName(budget)}.`}
      action="Save"
      onClose={onClose}
      onSubmit={async (values) => {
        const body = asBudgetChanges(budget, values)
        if (Object.keys(body).length === 0) return
        const { name } = await change.mutateAsync(body)
        say(`${name} is changed.`)
      }}
    >
      <SwitchField
        control={form.control}
        name="reset_window"
        label="Count anew"
        hint="What was spent until now does not count any more."
      />
    </BudgetForm>
  )
}

/** Those that can be chosen from lists that one may read. */
function mayChoose(scope: BudgetValues['scope'], can: Can): boolean {
  switch (scope) {
    case 'everybody':
      return true
    case 'group':
      return can('Read', 'Groups')
    case 'user':
      return can('Read', 'Users')
    case 'key':
      return can('Read', 'Users') && can('Read', 'ApiKeys')
    case 'model':
      return can('Read', 'Models')
  }
}

interface BudgetFormProps {
  form: UseFormReturn<BudgetValues>
  title: string
  description: string
  action: string
  onClose: () => void
  onSubmit: (values: BudgetValues) => Promise<void>
  /** The fields that only one of the two has. */
  children: ReactNode
}

function BudgetForm({ form, title, description, action, onClose, onSubmit, children }: BudgetFormProps) {
  const formId = useId()
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      await onSubmit(values)
      onClose()
    } catch (error) {
      showProblem(form, error, TAKEN)
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={description}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={isSubmitting}>
            {action}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <TextField
          control={form.control}
          name="name"
          label="Name"
          hint="What refusals and alerts call it."
          validate={(name) => name.trim() !== '' || 'A budget needs a name.'}
        />
        <TextField
          control={form.control}
          name="amount"
          label="Amount, in $"
          number="decimal"
          validate={amountWrong}
        />
        {children}
        <SelectField
          control={form.control}
          name="enforcement"
          label="When it runs out"
          options={ENFORCEMENTS}
          hint={ENFORCED[form.watch('enforcement')]}
        />
        <TextField
          control={form.control}
          name="alert_thresholds"
          label="Tell people at, in %"
          hint="Once in each period: who owns the key or is the user, and those whom the server’s alerts go to."
          optional
          validate={(text) =>
            thresholdsOf(text) !== undefined || 'Numbers with commas between, such as 80, 100.'
          }
        />
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

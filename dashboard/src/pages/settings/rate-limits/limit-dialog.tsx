import { useId } from 'react'
import { useForm } from 'react-hook-form'
import { SelectField, TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { between, needed } from '@/components/number-text'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { useSaveRateLimit, type RateLimit } from './queries'
import { ScopeFields } from './scope-fields'
import { asChanges, asNewLimit, KINDS, limitWords, PERIODS, valuesOf, type LimitValues } from './values'

const most = Number.POSITIVE_INFINITY

interface LimitDialogProps {
  /** Absent where one is made. */
  limit: RateLimit | undefined
  onClose: () => void
}

export function LimitDialog({ limit, onClose }: LimitDialogProps) {
  const id = useId()
  const save = useSaveRateLimit()
  const form = useForm<LimitValues>({ defaultValues: valuesOf(limit) })
  const { errors, isSubmitting } = form.formState
  const kind = form.watch('kind')
  const submit = form.handleSubmit(async (values) => {
    try {
      const saved = await save.mutateAsync(
        limit === undefined ? { create: asNewLimit(values) } : { id: limit.id, changes: asChanges(values) },
      )
      say(`${saved.name}: ${limitWords(saved)}, from now on.`)
      onClose()
    } catch (error) {
      showProblem(form, error, { field: 'name', message: 'There is another limit of that name for it.' })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={limit === undefined ? 'Create a rate limit' : `Edit ${limit.name}`}
      {...(limit === undefined ? {} : { description: `Of ${limit.scope} ${limit.scope_name ?? ''}` })}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} variant="primary" busy={isSubmitting}>
            {limit === undefined ? 'Create limit' : 'Save'}
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className="space-y-4" noValidate>
        <TextField
          control={form.control}
          name="name"
          label="Name"
          placeholder="Research, tokens"
          hint="Clients are told it when they are refused."
          validate={(name) => name.trim() !== '' || 'A limit needs a name.'}
        />
        {limit === undefined && <ScopeFields form={form} />}
        <div className="grid items-start gap-4 sm:grid-cols-3">
          {limit === undefined && (
            <SelectField
              control={form.control}
              name="kind"
              label="Counts"
              options={KINDS}
              {...(kind === 'session_minutes' ? { hint: 'Of realtime sessions.' } : {})}
            />
          )}
          <TextField
            control={form.control}
            name="amount"
            label="Amount"
            number="whole"
            validate={needed(between(1, most, { whole: true }))}
          />
          {kind !== 'concurrency' && (
            <SelectField control={form.control} name="per" label="In" options={PERIODS} />
          )}
        </div>
        {kind === 'concurrency' ? (
          <div className="grid items-start gap-4 sm:grid-cols-2">
            <TextField
              control={form.control}
              name="queue_seconds"
              label="Waits for a turn, in seconds"
              number="decimal"
              optional
              placeholder="Refused at once"
              validate={between(0, 30)}
            />
            <TextField
              control={form.control}
              name="queue_length"
              label="As many may wait"
              number="whole"
              validate={needed(between(0, 10_000, { whole: true }))}
              hint="In each gateway worker."
            />
          </div>
        ) : (
          <TextField
            control={form.control}
            name="burst"
            label="At once after a pause"
            number="whole"
            optional
            placeholder="As much as the amount"
            validate={between(1, most, { whole: true })}
          />
        )}
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

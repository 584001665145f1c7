import { useId } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { SelectField, TextField } from '@/components/fields'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { between } from '@/components/number-text'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Segments } from '@/design/tabs'
import { ChooseIds } from '../choose-ids'
import { PatternFields, ServiceFields } from './kind-fields'
import { useChangeGuardrails, useCreateGuardrail, type Guardrail } from './queries'
import { asChanges, asNewGuardrail, KINDS, STAGES, valuesOf, type GuardrailValues } from './values'

interface GuardrailDialogProps {
  /** Absent where one is made. */
  guardrail: Guardrail | undefined
  onClose: () => void
}

export function GuardrailDialog({ guardrail, onClose }: GuardrailDialogProps) {
  const id = useId()
  const create = useCreateGuardrail()
  const change = useChangeGuardrails()
  const form = useForm<GuardrailValues>({ defaultValues: valuesOf(guardrail) })
  const { errors, isSubmitting } = form.formState
  const kind = form.watch('kind')
  const submit = form.handleSubmit(async (values) => {
    try {
      if (guardrail === undefined) await create.mutateAsync(asNewGuardrail(values))
      else await change.mutateAsync([{ id: guardrail.id, changes: asChanges(values) }])
      say(`${values.name.trim()} is in force.`)
      onClose()
    } catch (error) {
      showProblem(form, error, { field: 'name', message: 'There is a guardrail with this name already.' })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={guardrail === undefined ? 'Create a guardrail' : `Edit ${guardrail.name}`}
      description="It holds at every gateway within a second."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} variant="primary" busy={isSubmitting}>
            {guardrail === undefined ? 'Create guardrail' : 'Save'}
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className="space-y-4" noValidate>
        <TextField
          control={form.control}
          name="name"
          label="Name"
          placeholder="No card numbers"
          hint="Clients are told it when they are blocked."
          validate={(name) => name.trim() !== '' || 'A guardrail needs a name.'}
        />
        {guardrail === undefined && (
          <SelectField
            control={form.control}
            name="kind"
            label="Kind"
            options={KINDS}
            hint={KINDS.find(({ value }) => value === kind)?.does}
          />
        )}
        {kind === 'external' ? (
          <ServiceFields form={form} hasSecret={guardrail?.has_secret ?? false} />
        ) : (
          <PatternFields form={form} redacts={kind === 'redact'} />
        )}
        <div className="space-y-1.5">
          <p className="font-medium">Looks at</p>
          <Controller
            control={form.control}
            name="stage"
            render={({ field }) => (
              <Segments label="Looks at" value={field.value} onChange={field.onChange} options={STAGES} />
            )}
          />
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <Controller
            control={form.control}
            name="models"
            render={({ field }) => (
              <FormField label="Models" optional>
                {(control) => (
                  <ChooseIds control={control} kind="model" none="All models" {...picked(field)} />
                )}
              </FormField>
            )}
          />
          <Controller
            control={form.control}
            name="groups"
            render={({ field }) => (
              <FormField label="Groups" optional>
                {(control) => (
                  <ChooseIds control={control} kind="group" none="Everybody" {...picked(field)} />
                )}
              </FormField>
            )}
          />
        </div>
        {kind !== 'allow_pattern' && (
          <TextField
            control={form.control}
            name="window_characters"
            label="Window of streams, in characters"
            number="whole"
            optional
            placeholder={kind === 'external' ? '1,000' : '256'}
            hint="So much of a streamed answer is held back and looked at together."
            validate={between(16, 32_768, { whole: true })}
          />
        )}
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

function picked({ value, onChange }: { value: string[]; onChange: (ids: string[]) => void }) {
  return { value, onChange }
}

import { useNavigate } from '@tanstack/react-router'
import { useId } from 'react'
import { useForm } from 'react-hook-form'
import { SelectField, TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { TYPES, useCreateComposite } from './queries'

const STRATEGIES = [
  { value: 'weighted_random', label: 'By weight' },
  { value: 'priority', label: 'In order' },
] as const

interface Values {
  alias: string
  model_type: string
  lb_strategy: (typeof STRATEGIES)[number]['value']
}

/** A composite model; then its page, where deployments are added to it. */
export function CreateDialog({ onClose }: { onClose: () => void }) {
  const formId = useId()
  const navigate = useNavigate()
  const create = useCreateComposite()
  const form = useForm<Values>({
    defaultValues: { alias: '', model_type: 'CHAT', lb_strategy: 'weighted_random' },
  })
  const { control } = form
  const submit = form.handleSubmit(async ({ alias, model_type, lb_strategy }) => {
    try {
      const made = await create.mutateAsync({
        type: 'composite',
        model_name: alias.trim(),
        model_type: model_type as 'CHAT',
        lb_strategy,
      })
      await navigate({ to: '/models/$modelId', params: { modelId: made.id }, search: { tab: 'deployments' } })
    } catch (error) {
      showProblem(form, error, { field: 'alias', message: 'Another model has this alias.' })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a composite model"
      description="One alias for several deployments: requests go to one of them, and to another when it fails."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={create.isPending}>
            Create model
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="space-y-4">
        <TextField
          control={control}
          name="alias"
          label="Alias"
          hint="Programs send it as “model”."
          validate={(alias) => alias.trim() !== '' || 'A model needs an alias.'}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            control={control}
            name="model_type"
            label="Type"
            options={Object.entries(TYPES).map(([value, label]) => ({ value, label }))}
          />
          <SelectField
            control={control}
            name="lb_strategy"
            label="Deployments are asked"
            options={STRATEGIES}
          />
        </div>
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

import { useId } from 'react'
import { useForm } from 'react-hook-form'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Input } from '@/design/field'
import { useChangeGroup, useCreateGroup, type Group } from './queries'

interface Values {
  name: string
  description: string
}

interface CreateGroupProps {
  onClose: () => void
  onCreated: (id: string) => void
}

export function CreateGroup({ onClose, onCreated }: CreateGroupProps) {
  const create = useCreateGroup()
  return (
    <GroupForm
      title="Create a group"
      description="People in it may use the models that it is granted."
      action="Create group"
      values={{ name: '', description: '' }}
      onClose={onClose}
      onSubmit={async ({ name, description }) => {
        const made = await create.mutateAsync(description === '' ? { name } : { name, description })
        say(`${name} is created. Add people and models to it.`)
        onCreated(made.id)
      }}
    />
  )
}

export function EditGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const change = useChangeGroup(group.id)
  return (
    <GroupForm
      title={`Edit ${group.name}`}
      action="Save"
      values={{ name: group.name, description: group.description ?? '' }}
      onClose={onClose}
      onSubmit={async (values) => {
        await change.mutateAsync(values)
        say(`${values.name} is changed.`)
        onClose()
      }}
    />
  )
}

interface GroupFormProps {
  title: string
  description?: string
  action: string
  values: Values
  onClose: () => void
  onSubmit: (values: Values) => Promise<void>
}

function GroupForm({ title, description, action, values, onClose, onSubmit }: GroupFormProps) {
  const formId = useId()
  const form = useForm<Values>({ defaultValues: values })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (given) => {
    try {
      await onSubmit({ name: given.name.trim(), description: given.description.trim() })
    } catch (error) {
      showProblem(form, error, { field: 'name', message: 'There is a group with this name already.' })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      {...(description === undefined ? {} : { description })}
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
        <FormField label="Name" error={errors.name?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('name', {
                validate: (name) => name.trim() !== '' || 'A group needs a name.',
              })}
              placeholder="Research, Support, CI…"
              autoComplete="off"
            />
          )}
        </FormField>
        <FormField label="Description" optional error={errors.description?.message}>
          {(control) => <Input {...control} {...form.register('description')} autoComplete="off" />}
        </FormField>
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

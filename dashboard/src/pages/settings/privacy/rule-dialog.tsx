import { useId } from 'react'
import { useForm } from 'react-hook-form'
import { TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { useChangeRule, useCreateRule, type Rule } from './queries'

interface Values {
  name: string
  pattern: string
  replacement: string
}

const NAME = /^[a-z0-9][a-z0-9_.-]*$/

export function CreateRule({ onClose }: { onClose: () => void }) {
  const create = useCreateRule()
  return (
    <RuleForm
      title="Create a redaction rule"
      action="Create rule"
      rule={undefined}
      onClose={onClose}
      onSubmit={async ({ name, pattern, replacement }) => {
        await create.mutateAsync({
          name,
          pattern,
          enabled: true,
          ...(replacement === '' ? {} : { replacement }),
        })
        say(`${name} holds for what is kept from now on.`)
      }}
    />
  )
}

export function EditRule({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const change = useChangeRule(rule.id)
  return (
    <RuleForm
      title={`Edit ${rule.name}`}
      action="Save"
      rule={rule}
      onClose={onClose}
      onSubmit={async ({ pattern, replacement }) => {
        await change.mutateAsync({ replacement, ...(rule.built_in ? {} : { pattern }) })
        say(`${rule.name} is changed.`)
      }}
    />
  )
}

interface RuleFormProps {
  title: string
  action: string
  /** Absent where it is made. */
  rule: Rule | undefined
  onClose: () => void
  onSubmit: (values: Values) => Promise<void>
}

function RuleForm({ title, action, rule, onClose, onSubmit }: RuleFormProps) {
  const id = useId()
  const form = useForm<Values>({
    defaultValues: {
      name: rule?.name ?? '',
      pattern: rule?.pattern ?? '',
      replacement: rule?.replacement ?? '',
    },
  })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      await onSubmit({ ...values, name: values.name.trim() })
      onClose()
    } catch (error) {
      showProblem(form, error, { field: 'name', message: 'There is a rule with this name already.' })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} variant="primary" busy={isSubmitting}>
            {action}
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className="space-y-4" noValidate>
        {rule === undefined && (
          <TextField
            control={form.control}
            name="name"
            label="Name"
            placeholder="employee_ids"
            hint="Lower-case letters, digits, dots, dashes and underscores."
            validate={(name) =>
              NAME.test(name.trim()) || 'Lower-case letters, digits, dots, dashes, underscores.'
            }
          />
        )}
        <TextField
          control={form.control}
          name="pattern"
          label="Pattern"
          placeholder="\bEMP-[0-9]{6}\b"
          disabled={rule?.built_in ?? false}
          hint={
            rule?.built_in === true
              ? 'It comes with the product. Switch the rule off and make one of your own to look for something else.'
              : 'A regular expression of RE2: without lookarounds and backreferences.'
          }
          validate={(pattern) => pattern !== '' || 'A pattern is needed.'}
        />
        <TextField
          control={form.control}
          name="replacement"
          label="Replacement"
          optional={rule === undefined}
          placeholder="The name in brackets"
          hint="Stands in the place of what is found."
        />
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

/** Some settings that are saved together. */
import type { ReactNode } from 'react'
import {
  useForm,
  type DefaultValues,
  type FieldPath,
  type FieldValues,
  type UseFormReturn,
} from 'react-hook-form'
import { FormError, showProblem } from '@/components/form-field'
import { Panel } from '@/components/panel'
import { say } from '@/components/toast'
import { Button } from '@/design/button'

interface SettingsCardProps<Values extends FieldValues> {
  title: string
  description?: ReactNode
  /** As the server has them. What is edited stays when they change elsewhere. */
  values: Values
  save: (values: Values) => Promise<unknown>
  /** The news that they are saved. */
  saved?: (values: Values) => string
  /** What 409 is about. */
  taken?: { field: FieldPath<Values>; message: string }
  actions?: ReactNode
  children: (form: UseFormReturn<Values>) => ReactNode
}

export function SettingsCard<Values extends FieldValues>(props: SettingsCardProps<Values>) {
  const { title, description, values, save, saved, taken, actions, children } = props
  const form = useForm<Values>({
    defaultValues: values as DefaultValues<Values>,
    values,
    resetOptions: { keepDirtyValues: true },
  })
  const { isDirty, isSubmitting, errors } = form.formState
  const submit = form.handleSubmit(async (edited) => {
    try {
      await save(edited)
      form.reset(edited)
      say(saved?.(edited) ?? `${title}: saved`)
    } catch (error) {
      showProblem(form, error, taken)
    }
  })
  return (
    <form onSubmit={submit} noValidate aria-label={title}>
      <Panel
        title={title}
        description={description}
        actions={actions}
        footer={
          <>
            {isDirty && (
              <Button variant="ghost" onClick={() => form.reset(values)}>
                Undo
              </Button>
            )}
            <Button type="submit" variant="primary" disabled={!isDirty} busy={isSubmitting}>
              Save
            </Button>
          </>
        }
      >
        <div className="space-y-4">
          {children(form)}
          <FormError>{errors.root?.message}</FormError>
        </div>
      </Panel>
    </form>
  )
}

/** Fields side by side, where there is room. */
export function Columns({ children }: { children: ReactNode }) {
  return <div className="grid items-start gap-x-4 gap-y-4 sm:grid-cols-2 xl:grid-cols-3">{children}</div>
}

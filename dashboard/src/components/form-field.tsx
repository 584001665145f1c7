/** A labelled control with its hint and its error, and what carries the API's refusal to the field it concerns. */
import { useId, type ReactNode } from 'react'
import type { FieldPath, FieldValues, UseFormReturn } from 'react-hook-form'
import { asProblem } from '@/api/problem'
import { cn } from '@/design/class-names'

export interface ControlProps {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean | undefined
}

interface FormFieldProps {
  label: ReactNode
  hint?: ReactNode
  error?: string | undefined
  optional?: boolean
  className?: string
  /** The control, which takes what ties it to label, hint and error. */
  children: (control: ControlProps) => ReactNode
}

export function FormField({ label, hint, error, optional, className, children }: FormFieldProps) {
  const id = useId()
  const noted = error !== undefined || hint !== undefined
  return (
    <div className={cn('space-y-1.5', className)}>
      <label htmlFor={id} className="flex items-baseline justify-between gap-2 font-medium">
        {label}
        {optional === true && <span className="text-xs font-normal text-faint">Optional</span>}
      </label>
      {/* In a box: what a select brings along for the browser's own forms would be spaced as a line of its own. */}
      <div>
        {children({
          id,
          'aria-describedby': noted ? `${id}-note` : undefined,
          'aria-invalid': error !== undefined ? true : undefined,
        })}
      </div>
      {error !== undefined ? (
        <p id={`${id}-note`} role="alert" className="text-xs text-bad">
          {error}
        </p>
      ) : (
        hint !== undefined && (
          <p id={`${id}-note`} className="text-xs text-faint">
            {hint}
          </p>
        )
      )}
    </div>
  )
}

/** What is wrong with the form as a whole. */
export function FormError({ children }: { children: ReactNode }) {
  if (children === undefined || children === null || children === '') return null
  return (
    <p role="alert" className="rounded-md bg-bad-well px-3 py-2 text-bad">
      {children}
    </p>
  )
}

/**
 * Puts a refusal where it belongs: at the fields that it names, in its `errors` or at the beginning of its message; at
 * the field that 409 is about; else at the form.
 */
export function showProblem<Values extends FieldValues>(
  form: UseFormReturn<Values>,
  error: unknown,
  taken?: { field: FieldPath<Values>; message: string },
) {
  const problem = asProblem(error)
  const names = Object.keys(form.getValues())
  const isName = (name: string): name is FieldPath<Values> => names.includes(name)
  let placed = false as boolean // changed by `place`, which the compiler does not follow
  const place = (field: FieldPath<Values>, message: string) => {
    form.setError(field, { type: 'server', message }, { shouldFocus: !placed })
    placed = true
  }
  for (const { field, message } of problem.fields) {
    const name = field.split('.')[0] ?? ''
    if (isName(name)) place(name, message)
  }
  if (!placed && problem.status === 409 && taken !== undefined) place(taken.field, taken.message)
  const [first = '', ...rest] = problem.message.split(' ')
  if (!placed && isName(first)) place(first, capital(rest.join(' ')))
  if (!placed) form.setError('root', { type: 'server', message: problem.message })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What the forms at the door have in common: an address, a password, and the button beneath what is wrong with all. */
import type { ReactNode } from 'react'
import type { FieldError, UseFormRegisterReturn } from 'react-hook-form'
import { FormError, FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { Input } from '@/design/field'

interface FieldProps {
  registration: UseFormRegisterReturn
  error: FieldError | undefined
}

/** To be given to `register`. */
export const NEEDS_EMAIL = { required: 'Your e-mail address is needed.' }

/** `first`: the page is nothing but this form, and this its first field. */
export function EmailField({ registration, error, first = false }: FieldProps & { first?: boolean }) {
  return (
    <FormField label="E-mail" error={error?.message}>
      {(control) => (
        <Input
          {...control}
          {...registration}
          type="email"
          autoComplete="username"
          // eslint-disable-next-line jsx-a11y/no-autofocus -- the page is this form
          autoFocus={first}
        />
      )}
    </FormField>
  )
}

interface PasswordFieldProps extends FieldProps {
  label?: string
  autoComplete: 'current-password' | 'new-password'
}

export function PasswordField({ registration, error, label = 'Password', autoComplete }: PasswordFieldProps) {
  return (
    <FormField label={label} error={error?.message}>
      {(control) => <Input {...control} {...registration} type="password" autoComplete={autoComplete} />}
    </FormField>
  )
}

interface SubmitProps {
  /** What is wrong with the form as a whole. */
  problem: string | undefined
  busy: boolean
  children: ReactNode
}

export function Submit({ problem, busy, children }: SubmitProps) {
  return (
    <>
      <FormError>{problem}</FormError>
      <Button type="submit" variant="primary" size="lg" className="w-full" busy={busy}>
        {children}
      </Button>
    </>
  )
}

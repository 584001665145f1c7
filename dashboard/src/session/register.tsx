import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useForm } from 'react-hook-form'
import { api, must } from '@/api/client'
import { FormField, showProblem } from '@/components/form-field'
import { Input } from '@/design/field'
import { Entrance } from './entrance'
import { EmailField, NEEDS_EMAIL, PasswordField, Submit } from './fields'
import { enterSession, returnPath, useWaysIn } from './session'

export function Register() {
  const search = useSearch({ from: '/register' })
  const ways = useWaysIn()
  const toLogin = (
    <Link to="/login" search={search} className="font-medium text-accent hover:underline">
      Sign in
    </Link>
  )
  if (ways.data?.registration === false) {
    return (
      <Entrance title="Accounts are made by administrators" footer={<>Have one already? {toLogin}</>}>
        <p className="text-soft">Ask an administrator of this server for an account.</p>
      </Entrance>
    )
  }
  return (
    <Entrance title="Create an account" footer={<>Have one already? {toLogin}</>}>
      <RegistrationForm />
    </Entrance>
  )
}

function RegistrationForm() {
  const search = useSearch({ from: '/register' })
  const navigate = useNavigate()
  const form = useForm({ defaultValues: { username: '', email: '', password: '' } })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (body) => {
    try {
      await must(api.POST('/authentication/register', { body }))
      await enterSession()
      await navigate({ href: returnPath(search.return_to), replace: true })
    } catch (error) {
      showProblem(form, error, { field: 'username', message: 'This username is taken.' })
    }
  })
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <FormField label="Username" error={errors.username?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('username', { required: 'Choose a username.' })}
            autoComplete="nickname"
            // eslint-disable-next-line jsx-a11y/no-autofocus -- the page is this form
            autoFocus
          />
        )}
      </FormField>
      <EmailField registration={form.register('email', NEEDS_EMAIL)} error={errors.email} />
      <PasswordField
        registration={form.register('password', { required: 'Choose a password.' })}
        error={errors.password}
        autoComplete="new-password"
      />
      <Submit problem={errors.root?.message} busy={isSubmitting}>
        Create account
      </Submit>
    </form>
  )
}

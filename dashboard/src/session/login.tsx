import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { useForm } from 'react-hook-form'
import { api, must } from '@/api/client'
import { FormError, showProblem } from '@/components/form-field'
import { Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { Entrance } from './entrance'
import { EmailField, NEEDS_EMAIL, PasswordField, Submit } from './fields'
import { enterSession, returnPath, useWaysIn } from './session'

export function Login() {
  const search = useSearch({ from: '/login' })
  const ways = useWaysIn()
  const provider = ways.data?.provider
  const both = ways.data?.password === true && provider?.enabled === true
  return (
    <Entrance
      title="Sign in"
      description={
        search.ended === true ? 'Your session has ended. Sign in to go on where you were.' : undefined
      }
      footer={
        ways.data?.registration === true && (
          <>
            No account yet?{' '}
            <Link to="/register" search={search} className="font-medium text-accent hover:underline">
              Create one
            </Link>
          </>
        )
      }
    >
      {ways.isPending && <Skeleton className="h-24" />}
      {ways.isError && <FormError>{ways.error.message}</FormError>}
      {provider?.enabled === true && provider.login_url !== null && (
        <Button asChild size="lg" variant={both ? 'secondary' : 'primary'} className="w-full">
          <a href={`${provider.login_url}?return_to=${encodeURIComponent(returnPath(search.return_to))}`}>
            <KeyRound aria-hidden /> Continue with {provider.display_name ?? 'single sign-on'}
          </a>
        </Button>
      )}
      {both && (
        <div className="my-4 flex items-center gap-3 text-xs text-faint">
          <span className="h-px flex-1 bg-line" /> or <span className="h-px flex-1 bg-line" />
        </div>
      )}
      {ways.data?.password === true && <PasswordForm />}
      {ways.data?.password === false && provider?.enabled !== true && (
        <p className="text-soft">
          Signing in is the business of a proxy in front of this server. Come in through it.
        </p>
      )}
    </Entrance>
  )
}

function PasswordForm() {
  const search = useSearch({ from: '/login' })
  const navigate = useNavigate()
  const form = useForm({ defaultValues: { email: '', password: '' } })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (body) => {
    try {
      await must(api.POST('/authentication/login', { body }))
      await enterSession()
      await navigate({ href: returnPath(search.return_to), replace: true })
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <EmailField registration={form.register('email', NEEDS_EMAIL)} error={errors.email} first />
      <PasswordField
        registration={form.register('password', { required: 'Your password is needed.' })}
        error={errors.password}
        autoComplete="current-password"
      />
      <Submit problem={errors.root?.message} busy={isSubmitting}>
        Sign in
      </Submit>
      <p className="text-center text-xs">
        <Link to="/forgot-password" className="text-soft hover:text-ink hover:underline">
          Forgot your password?
        </Link>
      </p>
    </form>
  )
}

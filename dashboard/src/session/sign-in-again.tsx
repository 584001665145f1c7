/** Over the page whose session has ended: it stays as it is, with what is typed in it, until one is signed in again. */
import { useRouterState } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { useEffect } from 'react'
import { useForm } from 'react-hook-form'
import { api, must } from '@/api/client'
import { FormError, showProblem } from '@/components/form-field'
import { Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { PasswordField, Submit } from './fields'
import { resumeSession, useSessionEnded, useUser, useWaysIn } from './session'

const stay = () => undefined

export function SignInAgain() {
  const ended = useSessionEnded()
  const user = useUser()
  if (!ended) return null
  return (
    <Dialog
      open
      insistent
      onClose={stay}
      className="max-w-sm"
      title="Your session has ended"
      description={`Sign in as ${user.email} to go on. The page beneath is as you left it.`}
    >
      <Ways email={user.email} />
      <p className="mt-4 text-center text-xs">
        <a href="/login" className="text-soft hover:text-ink hover:underline">
          Sign in as somebody else
        </a>
      </p>
    </Dialog>
  )
}

function Ways({ email }: { email: string }) {
  const ways = useWaysIn()
  const here = useRouterState({ select: (state) => state.location.href })
  if (ways.isPending) return <Skeleton className="h-24" />
  if (ways.isError) {
    return (
      <>
        <FormError>{ways.error.message}</FormError>
        <Button className="mt-3 w-full" onClick={() => void ways.refetch()}>
          Try again
        </Button>
      </>
    )
  }
  const { password, provider } = ways.data
  return (
    <div className="space-y-4">
      {password && <PasswordForm email={email} />}
      {provider.enabled && provider.login_url !== null && (
        <Button asChild size="lg" className="w-full">
          <a href={`${provider.login_url}?return_to=${encodeURIComponent(here)}`}>
            <KeyRound aria-hidden /> Continue with {provider.display_name ?? 'single sign-on'}
          </a>
        </Button>
      )}
      {!password && !provider.enabled && (
        <Button asChild size="lg" className="w-full">
          <a href={here}>Load the page again</a>
        </Button>
      )}
    </div>
  )
}

function PasswordForm({ email }: { email: string }) {
  const form = useForm({ defaultValues: { password: '' } })
  const { errors, isSubmitting } = form.formState
  const { setFocus } = form
  // The dialog was there before its field was.
  useEffect(() => setFocus('password'), [setFocus])
  const submit = form.handleSubmit(async ({ password }) => {
    try {
      await must(api.POST('/authentication/login', { body: { email, password } }))
      await resumeSession()
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <input type="text" autoComplete="username" value={email} readOnly hidden />
      <PasswordField
        registration={form.register('password', { required: 'Your password is needed.' })}
        error={errors.password}
        autoComplete="current-password"
      />
      <Submit problem={errors.root?.message} busy={isSubmitting}>
        Sign in
      </Submit>
    </form>
  )
}

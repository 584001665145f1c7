/** A forgotten password, a new one by a mail's link, and the first one that a person chooses themselves. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api, must } from '@/api/client'
import { asProblem } from '@/api/problem'
import { FormField, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Input } from '@/design/field'
import { Entrance } from './entrance'
import { EmailField, NEEDS_EMAIL, PasswordField, Submit } from './fields'
import { enterSession, returnPath, signOut, useUser } from './session'

const toLogin = (
  <Link to="/login" className="font-medium text-accent hover:underline">
    Back to sign in
  </Link>
)

export function ForgotPassword() {
  const [sentTo, setSentTo] = useState<string>()
  const form = useForm({ defaultValues: { email: '' } })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (body) => {
    try {
      await must(api.POST('/authentication/password-resets', { body }))
      setSentTo(body.email)
    } catch (error) {
      showProblem(form, error)
    }
  })
  if (sentTo !== undefined) {
    return (
      <Entrance title="Look into your mail" footer={toLogin}>
        <p className="text-soft">
          If there is an account for <strong className="font-medium text-ink">{sentTo}</strong>, a link that
          sets a new password is on its way. It works once, and not for long.
        </p>
      </Entrance>
    )
  }
  return (
    <Entrance
      title="Reset your password"
      description="You get a link by mail that sets a new one."
      footer={toLogin}
    >
      <form onSubmit={submit} className="space-y-4" noValidate>
        <EmailField registration={form.register('email', NEEDS_EMAIL)} error={errors.email} />
        <Submit problem={errors.root?.message} busy={isSubmitting}>
          Send the link
        </Submit>
      </form>
    </Entrance>
  )
}

interface NewPasswordFormProps {
  action: string
  onSubmit: (password: string) => Promise<void>
}

function NewPasswordForm({ action, onSubmit }: NewPasswordFormProps) {
  const form = useForm({ defaultValues: { new_password: '', again: '' } })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async ({ new_password }) => {
    try {
      await onSubmit(new_password)
    } catch (error) {
      if (asProblem(error).message.startsWith('Password must')) {
        form.setError('new_password', { message: asProblem(error).message }, { shouldFocus: true })
      } else showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <PasswordField
        label="New password"
        registration={form.register('new_password', { required: 'Choose a password.' })}
        error={errors.new_password}
        autoComplete="new-password"
      />
      <PasswordField
        label="Once more"
        registration={form.register('again', {
          validate: (again, { new_password }) => again === new_password || 'The two are not the same.',
        })}
        error={errors.again}
        autoComplete="new-password"
      />
      <Submit problem={errors.root?.message} busy={isSubmitting}>
        {action}
      </Submit>
    </form>
  )
}

export function ResetPassword() {
  const { id, token } = useSearch({ from: '/reset-password' })
  const navigate = useNavigate()
  if (id === undefined || token === undefined) {
    return (
      <Entrance title="This link is not whole" footer={toLogin}>
        <p className="text-soft">
          Open the link of the mail as it stands there, or{' '}
          <Link to="/forgot-password" className="text-accent hover:underline">
            ask for a new one
          </Link>
          .
        </p>
      </Entrance>
    )
  }
  const reset = async (new_password: string) => {
    const call = api.POST('/authentication/password-resets/{token_id}/confirm', {
      params: { path: { token_id: id } },
      body: { token, new_password },
    })
    await must(call)
    say('Your new password is in force. Sign in with it.')
    await navigate({ to: '/login', replace: true })
  }
  return (
    <Entrance title="Choose a new password" footer={toLogin}>
      <NewPasswordForm action="Set password" onSubmit={reset} />
    </Entrance>
  )
}

/** The administrator's first login: the password that the first start printed has been on a screen, and is in a file. */
export function ChoosePassword() {
  const { return_to } = useSearch({ from: '/choose-password' })
  const navigate = useNavigate()
  const user = useUser()
  const [current, setCurrent] = useState('')
  const choose = async (new_password: string) => {
    await must(
      api.POST('/authentication/password-change', { body: { current_password: current, new_password } }),
    )
    await enterSession()
    say('Your password is in force.')
    await navigate({ href: returnPath(return_to), replace: true })
  }
  return (
    <Entrance
      title="Choose your own password"
      description={`Welcome. The password of ${user.email} was generated; from now on only yours is valid.`}
      footer={
        <button
          type="button"
          className="hover:text-ink hover:underline"
          onClick={() => void signOut().then(() => navigate({ to: '/login' }))}
        >
          Sign out
        </button>
      }
    >
      <div className="space-y-4">
        <FormField label="Generated password" hint="The one that you have just signed in with.">
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              value={current}
              onChange={(event) => setCurrent(event.target.value)}
            />
          )}
        </FormField>
        <NewPasswordForm action="Set password and go on" onSubmit={choose} />
      </div>
    </Entrance>
  )
}

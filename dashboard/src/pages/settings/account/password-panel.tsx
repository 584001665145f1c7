import { useForm } from 'react-hook-form'
import { asProblem } from '@/api/problem'
import { FormError, showProblem } from '@/components/form-field'
import { Panel } from '@/components/panel'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { PasswordField } from '@/session/fields'
import { useUser } from '@/session/session'
import { useChangePassword } from './queries'

const BLANK = { current_password: '', new_password: '', again: '' }

export function PasswordPanel() {
  const user = useUser()
  const change = useChangePassword()
  const form = useForm({ defaultValues: BLANK })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit(async ({ current_password, new_password }) => {
    try {
      await change.mutateAsync({ current_password, new_password })
      form.reset(BLANK)
      say('Your new password is in force. You are signed out everywhere else.')
    } catch (error) {
      const { code, message } = asProblem(error)
      if (code === 'wrong_credentials') {
        form.setError('current_password', { message: 'This is not your password.' }, { shouldFocus: true })
      } else if (message.startsWith('Password must')) {
        form.setError('new_password', { message }, { shouldFocus: true })
      } else showProblem(form, error)
    }
  })
  return (
    <form onSubmit={submit} noValidate aria-label="Password">
      <Panel
        title="Password"
        description={
          user.is_admin
            ? 'Where the configuration has an admin_password, the next start sets that one again.'
            : 'A new one ends your sessions everywhere else. API keys go on working.'
        }
        footer={
          <Button type="submit" variant="primary" disabled={!isDirty} busy={change.isPending}>
            Change password
          </Button>
        }
      >
        <div className="space-y-4">
          <input type="text" autoComplete="username" value={user.email} readOnly hidden />
          <PasswordField
            label="Current password"
            registration={form.register('current_password', { required: 'Your current password is needed.' })}
            error={errors.current_password}
            autoComplete="current-password"
          />
          <div className="grid gap-4 sm:grid-cols-2">
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
          </div>
          <FormError>{errors.root?.message}</FormError>
        </div>
      </Panel>
    </form>
  )
}

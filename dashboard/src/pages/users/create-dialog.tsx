import { useId, useState } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { asProblem } from '@/api/problem'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { SecretShown } from '@/components/secret-shown'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Input } from '@/design/field'
import { Segments } from '@/design/tabs'
import { useWaysIn } from '@/session/session'
import { asNewUser, isEmail, type NewUserValues } from './new-user'
import { useCreateUser, useGeneratePassword } from './queries'
import { RoleChoice } from './role-choice'

const WAYS = [
  { value: 'password', label: 'A password' },
  { value: 'proxy', label: 'A proxy in front' },
] as const

const HINTS = {
  password: 'A password is generated and shown once, for you to hand over.',
  proxy: 'The account is found by its address when your proxy vouches for the person.',
}

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const { data } = useWaysIn()
  return data === undefined ? null : <CreateForm passwords={data.password} onClose={onClose} />
}

function CreateForm({ passwords, onClose }: { passwords: boolean; onClose: () => void }) {
  const formId = useId()
  const [made, setMade] = useState<{ email: string; password: string }>()
  const create = useCreateUser()
  const generate = useGeneratePassword()
  const form = useForm<NewUserValues>({
    defaultValues: {
      display_name: '',
      email: '',
      username: '',
      sign_in: passwords ? 'password' : 'proxy',
      roles: [],
    },
  })
  const { errors } = form.formState
  const way = form.watch('sign_in')
  const submit = form.handleSubmit(async (values) => {
    let user
    try {
      user = await create.mutateAsync(asNewUser(values))
    } catch (error) {
      const username = asProblem(error).message.includes('username')
      showProblem(form, error, {
        field: username ? 'username' : 'email',
        message: username ? 'Somebody has this username already.' : 'Somebody has this address already.',
      })
      return
    }
    if (values.sign_in === 'password') {
      try {
        setMade({ email: user.email, password: await generate.mutateAsync(user.id) })
        return
      } catch (error) {
        say(`The account is made, without a password: ${asProblem(error).message}`)
      }
    } else {
      say(`${user.email} is created.`)
    }
    onClose()
  })
  if (made !== undefined) {
    return (
      <SecretShown secret={made.password} title={`The password of ${made.email}`} onStored={onClose}>
        This is the only time the password is shown. Hand it over in a safe way; its owner changes it when
        they are signed in.
      </SecretShown>
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a user"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={form.formState.isSubmitting}>
            Create user
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <FormField label="E-mail" error={errors.email?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('email', { validate: isEmail })}
              type="email"
              autoComplete="off"
              placeholder="ada@example.org"
            />
          )}
        </FormField>
        <div className="grid gap-4 sm:grid-cols-2">
          <FormField label="Name" optional error={errors.display_name?.message}>
            {(control) => <Input {...control} {...form.register('display_name')} autoComplete="off" />}
          </FormField>
          <FormField label="Username" optional error={errors.username?.message}>
            {(control) => (
              <Input
                {...control}
                {...form.register('username')}
                autoComplete="off"
                placeholder="As the e-mail"
              />
            )}
          </FormField>
        </div>
        {passwords && (
          <div className="space-y-1.5">
            <p className="font-medium">Signs in with</p>
            <Controller
              control={form.control}
              name="sign_in"
              render={({ field }) => (
                <Segments
                  label="Signs in with"
                  value={field.value}
                  onChange={field.onChange}
                  options={WAYS}
                />
              )}
            />
            <p className="text-xs text-faint">{HINTS[way]}</p>
          </div>
        )}
        <Controller
          control={form.control}
          name="roles"
          render={({ field }) => <RoleChoice value={field.value} onChange={field.onChange} />}
        />
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

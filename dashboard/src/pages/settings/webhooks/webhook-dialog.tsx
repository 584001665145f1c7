import { useId, useState } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { SecretShown } from '@/components/secret-shown'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Checkbox } from '@/design/field'
import { Segments } from '@/design/tabs'
import { useCan } from '@/session/session'
import { asChanges, asNewWebhook, EVENTS, namesOf, SCOPES, valuesOf, type WebhookValues } from './events'
import { useChangeWebhook, useCreateWebhook, type Webhook } from './queries'

export function CreateWebhook({ onClose }: { onClose: () => void }) {
  const create = useCreateWebhook()
  const [secret, setSecret] = useState<string>()
  if (secret !== undefined) {
    return (
      <SecretShown secret={secret} title="The secret of your webhook" onStored={onClose}>
        This is the only time it is shown. Your receiver needs it to verify that messages are ours and
        unaltered.
      </SecretShown>
    )
  }
  return (
    <WebhookForm
      title="Create a webhook"
      action="Create webhook"
      webhook={undefined}
      onClose={onClose}
      onSubmit={async (values) => setSecret((await create.mutateAsync(asNewWebhook(values))).secret)}
    />
  )
}

export function EditWebhook({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const change = useChangeWebhook(webhook.id)
  return (
    <WebhookForm
      title="Edit the webhook"
      action="Save"
      webhook={webhook}
      onClose={onClose}
      onSubmit={async (values) => {
        await change.mutateAsync(asChanges(webhook, values))
        say('The webhook is changed.')
        onClose()
      }}
    />
  )
}

interface WebhookFormProps {
  title: string
  action: string
  /** Absent where it is made. */
  webhook: Webhook | undefined
  onClose: () => void
  onSubmit: (values: WebhookValues) => Promise<void>
}

function WebhookForm({ title, action, webhook, onClose, onSubmit }: WebhookFormProps) {
  const id = useId()
  const can = useCan()
  const form = useForm<WebhookValues>({ defaultValues: valuesOf(webhook) })
  const { errors, isSubmitting } = form.formState
  const scope = form.watch('scope')
  const submit = form.handleSubmit(async (values) => {
    try {
      await onSubmit(values)
    } catch (error) {
      showProblem(form, error)
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description="An address that is told what happens, by a signed POST."
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
        <TextField
          control={form.control}
          name="url"
          label="URL"
          placeholder="https://example.org/hooks/control-layer"
          validate={(url) => url.trim() !== '' || 'An address is needed.'}
          hint="By https; http is for this machine only."
        />
        <TextField control={form.control} name="description" label="Description" optional />
        {webhook === undefined && can('Update', 'System') && (
          <div className="space-y-1.5">
            <p className="font-medium">Tells of</p>
            <Segments
              label="Tells of"
              value={scope}
              options={SCOPES}
              onChange={(next) => {
                form.setValue('scope', next)
                form.setValue('events', namesOf(next))
              }}
            />
          </div>
        )}
        <Controller
          control={form.control}
          name="events"
          rules={{ validate: (events) => events.length > 0 || 'Choose one event at least.' }}
          render={({ field, fieldState }) => (
            <fieldset>
              <legend className="mb-1.5 font-medium">Events</legend>
              <ul className="divide-y divide-line rounded-lg border border-line">
                {EVENTS[scope].map(({ type, tells }) => (
                  <li key={type}>
                    <label
                      htmlFor={`${id}-${type}`}
                      className="flex cursor-pointer items-center gap-3 px-3 py-2"
                    >
                      <Checkbox
                        id={`${id}-${type}`}
                        checked={field.value.includes(type)}
                        onCheckedChange={(checked) =>
                          field.onChange(
                            checked === true
                              ? [...field.value, type]
                              : field.value.filter((each) => each !== type),
                          )
                        }
                      />
                      <span className="min-w-0 leading-4">
                        <code className="font-mono text-xs">{type}</code>
                        <span className="block text-xs text-faint">{tells}</span>
                      </span>
                    </label>
                  </li>
                ))}
              </ul>
              {fieldState.error !== undefined && (
                <p role="alert" className="mt-1.5 text-xs text-bad">
                  {fieldState.error.message}
                </p>
              )}
            </fieldset>
          )}
        />
        <FormError>{errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

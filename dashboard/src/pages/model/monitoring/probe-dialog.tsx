import { useId } from 'react'
import { useForm, type UseFormReturn } from 'react-hook-form'
import { Badge } from '@/components/badge'
import { SelectField, TextField } from '@/components/fields'
import { FormError, FormField, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { TextArea } from '@/design/field'
import { milliseconds } from '@/format/number'
import type { Schema } from '@/api/client'
import { between, needed } from '../configuration/numbers'
import type { Model, Probe } from '../queries'
import { useChangeProbe, useCreateProbe, useTestProbe } from './changes'
import { asked, json, METHODS, questionOf, type Question } from './question'

interface ProbeDialogProps {
  model: Model
  /** None: it is to be made. */
  probe: Probe | undefined
  onClose: () => void
}

export function ProbeDialog({ model, probe, onClose }: ProbeDialogProps) {
  const formId = useId()
  const form = useForm<Question>({ defaultValues: questionOf(probe) })
  const create = useCreateProbe()
  const change = useChangeProbe(probe?.id ?? '')
  const test = useTestProbe(model.id)
  const submit = form.handleSubmit(async (values) => {
    const body = { ...asked(values), interval_seconds: Number(values.interval_seconds) }
    try {
      if (probe === undefined) {
        await create.mutateAsync({
          ...body,
          name: `${model.alias} (${model.id.slice(0, 8)})`,
          deployment_id: model.id,
        })
        say(`${model.alias} is watched`)
      } else {
        await change.mutateAsync(body)
        say('The probe is changed')
      }
      onClose()
    } catch (error) {
      showProblem(form, error)
    }
  })
  const tryOut = form.handleSubmit((values) =>
    test.mutateAsync(asked(values)).then(
      () => undefined,
      (error: unknown) => showProblem(form, error),
    ),
  )
  return (
    <Dialog
      open
      onClose={onClose}
      title={probe === undefined ? `Watch ${model.alias}` : `Probe of ${model.alias}`}
      description="It is asked with the server’s own key, and every run is in the request log."
      footer={
        <>
          <Button className="mr-auto" busy={test.isPending} onClick={() => void tryOut()}>
            Try it out
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={formId}
            variant="primary"
            busy={form.formState.isSubmitting && !test.isPending}
          >
            {probe === undefined ? 'Start watching' : 'Save'}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate>
        <Fields form={form} />
        {test.data !== undefined && <Tried result={test.data} />}
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

function Fields({ form }: { form: UseFormReturn<Question> }) {
  const { control, register, formState } = form
  return (
    <div className="space-y-4">
      <TextField
        control={control}
        name="interval_seconds"
        label="Every, in seconds"
        number="whole"
        validate={needed(between(1, 2 ** 31 - 1, { whole: true }))}
      />
      <div className="grid gap-4 sm:grid-cols-[8rem_1fr]">
        <SelectField control={control} name="http_method" label="Method" options={METHODS} />
        <TextField
          control={control}
          name="request_path"
          label="Path"
          optional
          placeholder="What fits the model’s type"
          hint="Of the AI API, without /ai: /v1/chat/completions."
        />
      </div>
      <FormField
        label="Body"
        optional
        hint="JSON, sent as it is: it must name the model itself. Empty: one short question."
        error={formState.errors.request_body?.message}
      >
        {(control) => (
          <TextArea
            {...control}
            {...register('request_body', { validate: json })}
            rows={5}
            spellCheck={false}
            className="font-mono text-xs"
          />
        )}
      </FormField>
    </div>
  )
}

function Tried({ result }: { result: Schema['Result'] }) {
  return (
    <p role="status" className="mt-4 flex flex-wrap items-center gap-2">
      <Badge tone={result.success ? 'good' : 'bad'}>{result.success ? 'Answered' : 'Failed'}</Badge>
      {result.response_time_ms !== null && <span>{milliseconds(result.response_time_ms).shown}</span>}
      {result.error_message !== null && <span className="text-bad break-words">{result.error_message}</span>}
    </p>
  )
}

/** What guardrails of one kind have, and others do not. */
import type { UseFormReturn } from 'react-hook-form'
import { SelectField, SwitchField, TextField } from '@/components/fields'
import { FormField } from '@/components/form-field'
import { between, needed } from '@/components/number-text'
import { Input } from '@/design/field'
import { FAILS, type GuardrailValues } from './values'

interface FieldsProps {
  form: UseFormReturn<GuardrailValues>
}

export function PatternFields({ form, redacts }: FieldsProps & { redacts: boolean }) {
  return (
    <>
      <TextField
        control={form.control}
        name="pattern"
        label="Pattern"
        placeholder="\b4[0-9]{15}\b"
        hint="A regular expression of RE2: without lookarounds and backreferences."
        validate={(pattern) => pattern !== '' || 'A pattern is needed.'}
      />
      {redacts && (
        <TextField
          control={form.control}
          name="replacement"
          label="Replacement"
          placeholder="The name in brackets"
          optional
        />
      )}
    </>
  )
}

export function ServiceFields({ form, hasSecret }: FieldsProps & { hasSecret: boolean }) {
  const removes = form.watch('remove_secret')
  return (
    <>
      <TextField
        control={form.control}
        name="url"
        label="URL"
        placeholder="https://example.org/check"
        validate={(url) => url.trim() !== '' || 'The address of the service is needed.'}
      />
      <FormField
        label="Secret"
        optional
        error={form.formState.errors.secret?.message}
        hint="Sent to the service as a bearer token. Never shown again."
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('secret')}
            type="password"
            autoComplete="new-password"
            disabled={removes}
            placeholder={removes ? 'Will be forgotten' : hasSecret ? 'Stays as it is' : 'None'}
          />
        )}
      </FormField>
      {hasSecret && (
        <SwitchField
          control={form.control}
          name="remove_secret"
          label="Forget the stored secret"
          hint="The service is asked without one from now on."
        />
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          control={form.control}
          name="timeout_ms"
          label="Waits, in milliseconds"
          number="whole"
          validate={needed(between(1, 60_000, { whole: true }))}
        />
        <SelectField control={form.control} name="fail" label="Where it does not answer" options={FAILS} />
      </div>
      <SwitchField
        control={form.control}
        name="whole_stream"
        label="Ask once about a streamed answer"
        hint="When all of it has come, and not in windows. Clients get nothing before."
      />
    </>
  )
}

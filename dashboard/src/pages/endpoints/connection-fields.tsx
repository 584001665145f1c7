/** How a provider is reached; what few people need is under Advanced. */
import { Controller } from 'react-hook-form'
import { Disclosure } from '@/components/disclosure'
import { SwitchField } from '@/components/fields'
import { FormField } from '@/components/form-field'
import { Input, Select, TextArea } from '@/design/field'
import { DIALECTS, providerUrl, type ConnectionForm } from './connection'
import { OptionFields } from './option-fields'

export function NameField({ form }: { form: ConnectionForm }) {
  return (
    <FormField
      label="Name"
      hint="What colleagues read in lists, and in whose name models are found."
      error={form.formState.errors.name?.message}
    >
      {(control) => (
        <Input
          {...control}
          {...form.register('name', {
            validate: (name) => name.trim() !== '' || 'An endpoint needs a name.',
          })}
          autoComplete="off"
        />
      )}
    </FormField>
  )
}

export function DescriptionField({ form }: { form: ConnectionForm }) {
  return (
    <FormField label="Description" optional error={form.formState.errors.description?.message}>
      {(control) => <Input {...control} {...form.register('description')} autoComplete="off" />}
    </FormField>
  )
}

export function UrlField({ form }: { form: ConnectionForm }) {
  return (
    <FormField label="URL" error={form.formState.errors.url?.message}>
      {(control) => (
        <Input
          {...control}
          {...form.register('url', { validate: providerUrl })}
          placeholder="https://models.example.org/v1"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          className="font-mono text-xs"
        />
      )}
    </FormField>
  )
}

export function AdvancedFields({ form, open }: { form: ConnectionForm; open?: boolean }) {
  const { errors } = form.formState
  return (
    <Disclosure
      open={open}
      className="rounded-lg border border-line"
      summary="Advanced"
      summaryClassName="h-9 rounded-lg px-3 font-medium hover:bg-hover"
    >
      <div className="grid gap-4 border-t border-line p-3 sm:grid-cols-2">
        <Controller
          control={form.control}
          name="dialect"
          render={({ field, fieldState }) => (
            <FormField
              label="Dialect"
              hint="The API that is spoken there."
              error={fieldState.error?.message}
              className="sm:col-span-2"
            >
              {(control) => (
                <Select {...control} value={field.value} onChange={field.onChange} options={DIALECTS} />
              )}
            </FormField>
          )}
        />
        <FormField label="Header of the key" optional error={errors.auth_header_name?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('auth_header_name')}
              placeholder="The dialect’s"
              autoComplete="off"
              className="font-mono text-xs"
            />
          )}
        </FormField>
        <Controller
          control={form.control}
          name="auth_header_prefix"
          render={({ field, fieldState }) => (
            <FormField
              label="Before the key"
              optional
              hint="“Bearer ” with its space, such as for a token at Azure."
              error={fieldState.error?.message}
            >
              {(control) => (
                <Input
                  {...control}
                  value={field.value ?? ''}
                  onChange={(event) => field.onChange(event.target.value)}
                  placeholder={field.value === undefined ? 'The dialect’s' : 'Nothing'}
                  autoComplete="off"
                  className="font-mono text-xs"
                />
              )}
            </FormField>
          )}
        />
        <OptionFields form={form} />
        <SwitchField
          control={form.control}
          name="verify_tls"
          label="Check the TLS certificate"
          hint="Without, anybody on the way can read the key."
          className="sm:col-span-2"
        />
        <FormField
          label="Certificate authority"
          optional
          hint="PEM text, for providers of your own that no public authority vouches for."
          error={errors.ca_bundle?.message}
          className="sm:col-span-2"
        >
          {(control) => (
            <TextArea
              {...control}
              {...form.register('ca_bundle')}
              rows={3}
              spellCheck={false}
              placeholder="-----BEGIN CERTIFICATE-----"
              className="max-h-48 font-mono text-xs"
            />
          )}
        </FormField>
      </div>
    </Disclosure>
  )
}

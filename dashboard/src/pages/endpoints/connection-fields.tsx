/** How a provider is reached: its address and its key; what few people need is under Advanced. */
import { ChevronRight } from 'lucide-react'
import { useId, type ReactNode } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { FormField } from '@/components/form-field'
import { cn } from '@/design/class-names'
import { Input, Select, Switch } from '@/design/field'
import { DIALECTS, providerUrl, type ConnectionValues } from './connection'

export type ConnectionForm = UseFormReturn<ConnectionValues>

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

interface KeyFieldProps {
  form: ConnectionForm
  label?: string
  hint: ReactNode
  optional?: boolean
  /** It is not sent without. */
  needed?: string
}

export function KeyField({ form, label = 'API key', hint, optional, needed }: KeyFieldProps) {
  const rules = needed === undefined ? {} : { validate: (key: string) => key.trim() !== '' || needed }
  return (
    <FormField
      label={label}
      hint={hint}
      error={form.formState.errors.api_key?.message}
      {...(optional === undefined ? {} : { optional })}
    >
      {(control) => (
        <Input
          {...control}
          {...form.register('api_key', rules)}
          type="password"
          // A password manager would offer what opens this dashboard.
          autoComplete="new-password"
          spellCheck={false}
          className="font-mono text-xs"
        />
      )}
    </FormField>
  )
}

export function AdvancedFields({ form, open }: { form: ConnectionForm; open?: boolean }) {
  const { errors } = form.formState
  const azure = form.watch('dialect') === 'azure' || /azure\.(com|us|cn)/.test(form.watch('url'))
  return (
    <details open={open} className="group rounded-lg border border-line">
      <summary className="flex h-9 cursor-pointer list-none items-center gap-1.5 rounded-lg px-3 font-medium hover:bg-hover [&::-webkit-details-marker]:hidden">
        <ChevronRight className="size-4 text-faint transition-transform group-open:rotate-90" aria-hidden />
        Advanced
      </summary>
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
        {azure && (
          <>
            <FormField
              label="API version"
              optional
              hint="Such as 2024-10-21."
              error={errors.api_version?.message}
            >
              {(control) => <Input {...control} {...form.register('api_version')} autoComplete="off" />}
            </FormField>
            <Toggle form={form} name="deployment_paths" label="Older deployment paths">
              /openai/deployments/…: they need an API version.
            </Toggle>
          </>
        )}
        <Toggle form={form} name="no_stream_options" label="No stream_options" className="sm:col-span-2">
          For servers that refuse them; their streams then say nothing of tokens.
        </Toggle>
        <Toggle form={form} name="verify_tls" label="Check the TLS certificate" className="sm:col-span-2">
          Without, anybody on the way can read the key.
        </Toggle>
        <FormField
          label="Certificate authority"
          optional
          hint="PEM text, for providers of your own that no public authority vouches for."
          error={errors.ca_bundle?.message}
          className="sm:col-span-2"
        >
          {(control) => (
            <textarea
              {...control}
              {...form.register('ca_bundle')}
              rows={3}
              spellCheck={false}
              placeholder="-----BEGIN CERTIFICATE-----"
              className="w-full rounded-md border border-line-strong bg-surface px-2.5 py-1.5 font-mono text-xs shadow-raised outline-none placeholder:text-faint focus-visible:border-accent aria-invalid:border-bad"
            />
          )}
        </FormField>
      </div>
    </details>
  )
}

interface ToggleProps {
  form: ConnectionForm
  name: 'verify_tls' | 'deployment_paths' | 'no_stream_options'
  label: string
  /** What it means. */
  children: ReactNode
  className?: string
}

function Toggle({ form, name, label, children, className }: ToggleProps) {
  const id = useId()
  return (
    <Controller
      control={form.control}
      name={name}
      render={({ field }) => (
        <label htmlFor={id} className={cn('flex items-center justify-between gap-4', className)}>
          <span>
            <span className="block font-medium">{label}</span>
            <span className="block text-xs text-faint">{children}</span>
          </span>
          <Switch id={id} checked={field.value} onCheckedChange={field.onChange} />
        </label>
      )}
    />
  )
}

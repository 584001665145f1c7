/** The credential as the provider's dialect takes it: a key, access keys, a service account's file, a client of Entra. */
import { FileKey2 } from 'lucide-react'
import { useRef, type ReactNode } from 'react'
import { Controller } from 'react-hook-form'
import { FormField, showProblem, type ControlProps } from '@/components/form-field'
import { Button } from '@/design/button'
import { Input, Select, TextArea } from '@/design/field'
import { spokenBy, type ConnectionForm } from './connection'
import {
  accessKeyId,
  credentialText,
  kindOf,
  kindsOf,
  SECRET_OF,
  secretAccessKey,
  serviceAccount,
  sessionToken,
  type CredentialKind,
  type CredentialValues,
} from './credential'

interface CredentialFieldsProps {
  form: ConnectionForm
  /** What the provider's key is called here. */
  label?: string
  hint: ReactNode
  /** What is said of an empty one; nothing where it may be left out. */
  needed: string | undefined
}

interface KindProps extends CredentialFieldsProps {
  /** Whether anything has to be filled in, because something is or must be. */
  wanted: () => boolean
}

export function CredentialFields(props: CredentialFieldsProps) {
  const { form, needed } = props
  const dialect = spokenBy({ dialect: form.watch('dialect'), url: form.watch('url') })
  const kinds = kindsOf(dialect)
  const kind = kindOf(dialect, { ...form.getValues(), credential: form.watch('credential') })
  const wanted = () => needed !== undefined || credentialText(dialect, form.getValues()) !== ''
  return (
    <>
      {kinds.length > 1 && (
        <FormField label="Credential" hint={ABOUT[kind]}>
          {(control) => (
            <Select
              {...control}
              value={kind}
              onChange={(value) => form.setValue('credential', value as CredentialKind)}
              options={kinds.map((each) => ({ value: each, label: nameOf(each, dialect) }))}
            />
          )}
        </FormField>
      )}
      {kind === 'key' && <KeyFields {...props} wanted={wanted} />}
      {kind === 'access_keys' && <AccessKeyFields {...props} wanted={wanted} />}
      {kind === 'service_account' && <ServiceAccountField {...props} wanted={wanted} />}
      {kind === 'entra' && <EntraFields {...props} wanted={wanted} />}
    </>
  )
}

const ABOUT: Partial<Record<CredentialKind, string>> = {
  access_keys: 'Every request is signed with them. They need the right to invoke models, and to list them.',
  service_account: 'Buys access tokens by itself. The account needs the role Vertex AI User.',
  entra: 'An app registration that buys access tokens. It needs the role Cognitive Services OpenAI User.',
}

function nameOf(kind: CredentialKind, dialect: string): string {
  switch (kind) {
    case 'key':
      return dialect === 'vertex' ? 'API key or access token' : 'API key'
    case 'access_keys':
      return 'AWS access keys'
    case 'service_account':
      return 'Service account'
    case 'entra':
      return 'Client of Microsoft Entra'
  }
}

/** Puts what the server says of a credential at the field that holds it. */
export function showConnectionProblem(form: ConnectionForm, error: unknown) {
  showProblem(form, error, { field: 'name', message: 'Another endpoint has this name.' })
  const said = form.getFieldState('api_key').error?.message
  const values = form.getValues()
  const field = SECRET_OF[kindOf(spokenBy(values), values)]
  if (said === undefined || field === 'api_key') return
  form.clearErrors('api_key')
  form.setError(field, { type: 'server', message: said }, { shouldFocus: true })
}

function KeyFields({ form, label = 'API key', hint, needed, wanted }: KindProps) {
  return (
    <TextOf
      form={form}
      name="api_key"
      secret
      label={label}
      hint={hint}
      optional={needed === undefined}
      validate={(key) => key.trim() !== '' || !wanted() || (needed ?? true)}
    />
  )
}

function AccessKeyFields({ form, hint, needed, wanted }: KindProps) {
  return (
    <>
      <TextOf
        form={form}
        name="access_key_id"
        label="Access key ID"
        placeholder="AKIA…"
        optional={needed === undefined}
        validate={(text) => !wanted() || accessKeyId(text)}
      />
      <TextOf
        form={form}
        name="secret_access_key"
        secret
        label="Secret access key"
        hint={hint}
        optional={needed === undefined}
        validate={(text) => !wanted() || secretAccessKey(text)}
      />
      <TextOf
        form={form}
        name="session_token"
        secret
        label="Session token"
        hint="Of temporary keys, such as those of an assumed role. They are not renewed: rotate them before they expire."
        optional
        validate={(text) => sessionToken(text, form.getValues('access_key_id'))}
      />
    </>
  )
}

function EntraFields({ form, hint, needed, wanted }: KindProps) {
  const optional = needed === undefined
  const given = (what: string) => (text: string) => text.trim() !== '' || !wanted() || what
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextOf
          form={form}
          name="tenant_id"
          label="Tenant"
          hint="The directory’s id or domain."
          optional={optional}
          validate={given('Give the tenant.')}
        />
        <TextOf
          form={form}
          name="client_id"
          label="Client ID"
          hint="The application’s."
          optional={optional}
          validate={given('Give the client’s id.')}
        />
      </div>
      <TextOf
        form={form}
        name="client_secret"
        secret
        label="Client secret"
        hint={hint}
        optional={optional}
        validate={given('Give the secret’s value, not its id.')}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextOf
          form={form}
          name="scope"
          label="Scope"
          hint="Unless it is Azure OpenAI’s."
          placeholder="https://ai.azure.com/.default"
          optional
        />
        <TextOf
          form={form}
          name="authority"
          label="Authority"
          hint="In national clouds only."
          placeholder="https://login.microsoftonline.com"
          optional
        />
      </div>
    </>
  )
}

function ServiceAccountField({ form, hint, needed, wanted }: KindProps) {
  const file = useRef<HTMLInputElement>(null)
  const check = (text: string) => {
    if (text.trim() === '') return !wanted() || 'Choose the key file, or paste what is in it.'
    const found = serviceAccount(text)
    return typeof found === 'string' ? found : true
  }
  return (
    <Controller
      control={form.control}
      name="service_account"
      rules={{ validate: check }}
      render={({ field, fieldState }) => {
        const found = field.value.trim() === '' ? undefined : serviceAccount(field.value)
        return (
          <FormField
            label="Key file of the service account"
            hint={hint}
            error={fieldState.error?.message}
            optional={needed === undefined}
          >
            {(control) => (
              <div className="space-y-2">
                {typeof found === 'object' ? (
                  <p
                    id={control.id}
                    className="flex items-center gap-2.5 rounded-md border border-line bg-sunken px-3 py-2"
                  >
                    <FileKey2 className="size-4 shrink-0 text-soft" aria-hidden />
                    <span className="min-w-0 flex-1">
                      <span className="block font-medium break-all">{found.email}</span>
                      {found.project !== undefined && (
                        <span className="block text-xs text-faint">Project {found.project}</span>
                      )}
                    </span>
                    <Button size="sm" onClick={() => field.onChange('')}>
                      Replace
                    </Button>
                  </p>
                ) : (
                  <TextArea
                    {...control}
                    {...field}
                    rows={3}
                    spellCheck={false}
                    autoComplete="off"
                    placeholder='{"type": "service_account", …}'
                    className="max-h-40 font-mono text-xs"
                  />
                )}
                {typeof found !== 'object' && (
                  <>
                    <Button size="sm" onClick={() => file.current?.click()}>
                      Choose file…
                    </Button>
                    <input
                      ref={file}
                      type="file"
                      accept="application/json,.json"
                      className="hidden"
                      aria-label="Key file"
                      onChange={(event) => {
                        const [chosen] = event.target.files ?? []
                        void chosen?.text().then((text) => {
                          form.setValue('service_account', text, { shouldValidate: true })
                        })
                        event.target.value = ''
                      }}
                    />
                  </>
                )}
              </div>
            )}
          </FormField>
        )
      }}
    />
  )
}

interface TextOfProps {
  form: ConnectionForm
  name: Exclude<keyof CredentialValues, 'credential'>
  label: string
  hint?: ReactNode
  placeholder?: string
  secret?: boolean
  optional?: boolean
  validate?: (text: string) => true | string
}

function TextOf({ form, name, label, hint, placeholder, secret, optional, validate }: TextOfProps) {
  const attributes = (control: ControlProps) => ({
    ...control,
    ...form.register(name, validate === undefined ? {} : { validate }),
    placeholder,
    spellCheck: false,
    className: 'font-mono text-xs',
    // A password manager would offer what opens this dashboard.
    ...(secret === true ? { type: 'password', autoComplete: 'new-password' } : { autoComplete: 'off' }),
  })
  return (
    <FormField
      label={label}
      hint={hint}
      error={form.formState.errors[name]?.message}
      optional={optional ?? false}
    >
      {(control) => <Input {...attributes(control)} />}
    </FormField>
  )
}

/** What a dialect needs said beyond its name: where its cloud's models lie, and how a server differs. */
import { useId } from 'react'
import { Controller } from 'react-hook-form'
import { SelectField, SwitchField, TextField } from '@/components/fields'
import { Checkbox } from '@/design/field'
import { spokenBy, type ConnectionForm } from './connection'
import { APIS, hasOption, location, project, QUIRKS, region } from './dialect-options'

function useDialect(form: ConnectionForm): string {
  return spokenBy({ dialect: form.watch('dialect'), url: form.watch('url') })
}

/** Where in a cloud the models lie. */
export function PlaceFields({ form }: { form: ConnectionForm }) {
  const dialect = useDialect(form)
  if (dialect === 'bedrock') {
    return (
      <TextField
        control={form.control}
        name="region"
        label="Region"
        optional
        placeholder="The address’s"
        hint="Requests are signed for it. Say it where the address does not name it."
        validate={region}
      />
    )
  }
  if (dialect !== 'vertex') return null
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <TextField
        control={form.control}
        name="project"
        label="Project"
        optional
        placeholder="The service account’s"
        hint="Of Google Cloud. An access token needs it said."
        validate={project}
      />
      <TextField
        control={form.control}
        name="location"
        label="Location"
        optional
        placeholder="The address’s, else global"
        hint="Such as europe-west4."
        validate={location}
      />
    </div>
  )
}

const LENIENCY = [
  { value: 'refuse', label: 'Refuse the request' },
  { value: 'drop', label: 'Leave the parameter out, and say so in the answer' },
] as const

/** For the few who need it. */
export function OptionFields({ form }: { form: ConnectionForm }) {
  const dialect = useDialect(form)
  const { control } = form
  return (
    <>
      {dialect === 'azure' && (
        <>
          <TextField
            control={control}
            name="api_version"
            label="API version"
            optional
            hint="Such as 2024-10-21."
            validate={(version) =>
              version.trim() !== '' ||
              !form.getValues('deployment_paths') ||
              'The older paths need a version.'
            }
          />
          <SwitchField
            control={control}
            name="deployment_paths"
            label="Older deployment paths"
            hint="/openai/deployments/…: they need an API version."
          />
        </>
      )}
      {hasOption(dialect, 'native_apis') && (
        <Names
          form={form}
          name="native_apis"
          label="APIs that it speaks itself"
          hint="Requests to the others are translated."
          options={APIS}
          needed="It speaks one API at least."
        />
      )}
      {hasOption(dialect, 'quirks') && (
        <Names
          form={form}
          name="quirks"
          label="How it differs from OpenAI’s own"
          hint="Requests that are translated are said the way it understands."
          options={QUIRKS}
        />
      )}
      <SelectField
        control={control}
        name="unsupported_parameters"
        label="Parameters that it cannot be told"
        hint="Of translated requests."
        className="sm:col-span-2"
        options={LENIENCY}
      />
    </>
  )
}

interface NamesProps {
  form: ConnectionForm
  name: 'native_apis' | 'quirks'
  label: string
  hint: string
  options: readonly { value: string; label: string }[]
  /** What is said where none is chosen. */
  needed?: string
}

function Names({ form, name, label, hint, options, needed }: NamesProps) {
  const id = useId()
  return (
    <Controller
      control={form.control}
      name={name}
      rules={needed === undefined ? {} : { validate: (chosen) => chosen.length > 0 || needed }}
      render={({ field, fieldState }) => (
        <fieldset className="sm:col-span-2" aria-describedby={`${id}-note`}>
          <legend className="font-medium">{label}</legend>
          <p
            id={`${id}-note`}
            className={fieldState.error === undefined ? 'text-xs text-faint' : 'text-xs text-bad'}
            role={fieldState.error === undefined ? undefined : 'alert'}
          >
            {fieldState.error?.message ?? hint}
          </p>
          <ul className="mt-1.5 space-y-1.5">
            {options.map(({ value, label: text }) => (
              <li key={value}>
                <label className="flex items-start gap-2">
                  <Checkbox
                    className="mt-0.5"
                    checked={(field.value as readonly string[]).includes(value)}
                    onCheckedChange={(checked) => {
                      const others = (field.value as readonly string[]).filter((each) => each !== value)
                      field.onChange(checked === true ? [...others, value] : others)
                    }}
                  />
                  <span className="min-w-0">{text}</span>
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
      )}
    />
  )
}

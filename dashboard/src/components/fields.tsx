/** Whole fields of a form: label, control, hint and error, tied to a value of react-hook-form's. */
import { useId, type ReactNode } from 'react'
import { Controller, type Control, type FieldPath, type FieldValues } from 'react-hook-form'
import { Input, Select, Switch, type Option } from '@/design/field'
import { FormField } from './form-field'

interface FieldProps<Values extends FieldValues> {
  control: Control<Values>
  name: FieldPath<Values>
  label: string
  hint?: ReactNode
  className?: string
}

interface TextFieldProps<Values extends FieldValues> extends FieldProps<Values> {
  validate?: (text: string) => true | string
  placeholder?: string
  optional?: boolean
  /** The keyboard of a touch screen, where it is a number. */
  number?: 'whole' | 'decimal'
  disabled?: boolean
}

export function TextField<Values extends FieldValues>(props: TextFieldProps<Values>) {
  const { control, name, validate, label, hint, optional, className, placeholder, number, disabled } = props
  return (
    <Controller
      control={control}
      name={name}
      rules={validate === undefined ? {} : { validate: (value) => validate(String(value)) }}
      render={({ field, fieldState }) => (
        <FormField
          label={label}
          hint={hint}
          error={fieldState.error?.message}
          optional={optional ?? false}
          {...(className === undefined ? {} : { className })}
        >
          {(controlled) => (
            <Input
              {...controlled}
              {...field}
              disabled={disabled}
              autoComplete="off"
              placeholder={placeholder}
              inputMode={number === undefined ? undefined : number === 'whole' ? 'numeric' : 'decimal'}
            />
          )}
        </FormField>
      )}
    />
  )
}

interface SelectFieldProps<Values extends FieldValues> extends FieldProps<Values> {
  options: readonly Option[]
  placeholder?: string
}

export function SelectField<Values extends FieldValues>(props: SelectFieldProps<Values>) {
  const { control, name, label, hint, className, options, placeholder } = props
  return (
    <Controller
      control={control}
      name={name}
      render={({ field, fieldState }) => (
        <FormField
          label={label}
          hint={hint}
          error={fieldState.error?.message}
          {...(className === undefined ? {} : { className })}
        >
          {(controlled) => (
            <Select
              {...controlled}
              value={String(field.value)}
              onChange={field.onChange}
              options={options}
              {...(placeholder === undefined ? {} : { placeholder })}
            />
          )}
        </FormField>
      )}
    />
  )
}

export function SwitchField<Values extends FieldValues>(props: FieldProps<Values>) {
  const { control, name, label, hint, className } = props
  const id = useId()
  return (
    <Controller
      control={control}
      name={name}
      render={({ field }) => (
        <div className={className}>
          <div className="flex items-center justify-between gap-4">
            <label htmlFor={id} className="font-medium">
              {label}
            </label>
            <Switch
              id={id}
              checked={field.value === true}
              onCheckedChange={field.onChange}
              aria-describedby={hint === undefined ? undefined : `${id}-hint`}
            />
          </div>
          {hint !== undefined && (
            <p id={`${id}-hint`} className="mt-0.5 max-w-prose text-xs text-faint">
              {hint}
            </p>
          )}
        </div>
      )}
    />
  )
}

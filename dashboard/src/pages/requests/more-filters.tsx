/** The filters that are seldom wanted, in a form of their own. */
import { SlidersHorizontal } from 'lucide-react'
import type { ReactNode } from 'react'
import { Controller, useForm, type UseFormReturn } from 'react-hook-form'
import { FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { Input, Select } from '@/design/field'
import { Popover, PopoverClose } from '@/design/menu'
import type { RequestFilter, RequestFilters } from './log-query'

const ANY = '*'
const FIELDS = [
  { name: 'search', label: 'Words that were said', hint: 'Needs the setting request_log.full_text.' },
  { name: 'outcome', label: 'Came to', options: ['completed', 'failed', 'cancelled', 'lost'] },
  { name: 'purpose', label: 'Key for', options: ['realtime', 'batch', 'playground'] },
  { name: 'cache', label: 'Kept answers', options: ['hit', 'miss', 'coalesced', 'bypass'] },
  { name: 'stream', label: 'Streamed', options: ['true', 'false'] },
  { name: 'error', label: 'Error', hint: 'Its code, such as model_unavailable.' },
  { name: 'finish_reason', label: 'Finish reason', hint: 'Such as length.' },
  { name: 'min_duration_ms', label: 'Took at least, in ms', number: true },
  { name: 'max_duration_ms', label: 'Took at most, in ms', number: true },
  { name: 'min_tokens', label: 'Tokens, at least', number: true },
  { name: 'min_cost', label: 'Cost in $, at least', number: true },
  { name: 'method', label: 'Method', options: ['POST', 'GET', 'DELETE'] },
  { name: 'uri_pattern', label: 'Path', hint: 'With % for anything.' },
  { name: 'custom_id', label: 'Custom id in a batch' },
  { name: 'fusillade_batch_id', label: 'Batch', id: true },
] as const satisfies readonly FieldSpec[]

interface FieldSpec {
  name: RequestFilter
  label: string
  hint?: string
  options?: readonly string[]
  number?: true
  /** A UUID. */
  id?: true
}

const WORDS: Record<string, string> = { true: 'Yes', false: 'No' }
type Values = Partial<Record<RequestFilter, string>>

interface MoreFiltersProps {
  filters: RequestFilters
  onChange: (changes: Partial<Record<RequestFilter, string | undefined>>) => void
}

export function MoreFilters({ filters, onChange, children }: MoreFiltersProps & { children?: ReactNode }) {
  const names = [...FIELDS.map(({ name }) => name), 'group_id', 'endpoint_id'] as const
  const active = names.filter((name) => filters[name] !== undefined).length
  return (
    <Popover
      label="More filters"
      className="max-h-[min(36rem,var(--radix-popover-content-available-height))] w-[min(30rem,calc(100vw-2rem))] overflow-y-auto"
      trigger={
        <Button className={active === 0 ? 'text-soft' : undefined}>
          <SlidersHorizontal aria-hidden /> {active === 0 ? 'More filters' : `More filters: ${active}`}
        </Button>
      }
    >
      {children !== undefined && (
        <div className="flex flex-wrap gap-2 border-b border-line p-3">{children}</div>
      )}
      <Fields filters={filters} onChange={onChange} />
    </Popover>
  )
}

function Fields({ filters, onChange }: MoreFiltersProps) {
  const form = useForm<Values>({
    mode: 'onChange',
    defaultValues: Object.fromEntries(FIELDS.map(({ name }) => [name, filters[name] ?? ''])),
  })
  const apply = () => {
    const values = form.getValues()
    onChange(Object.fromEntries(FIELDS.map(({ name }) => [name, filled(values[name])])))
  }
  const valid = form.formState.isValid
  return (
    <form
      className="grid gap-x-3 gap-y-3 p-3 sm:grid-cols-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (valid) apply()
      }}
    >
      {FIELDS.map((field) => (
        <Field key={field.name} form={form} field={field} />
      ))}
      <div className="sticky bottom-0 -mx-3 -mb-3 flex justify-end border-t border-line bg-surface p-3 sm:col-span-2">
        <PopoverClose asChild>
          <Button type="submit" variant="primary" disabled={!valid} onClick={apply}>
            Apply
          </Button>
        </PopoverClose>
      </div>
    </form>
  )
}

function filled(value: string | undefined): string | undefined {
  const text = value?.trim()
  return text === '' ? undefined : text
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function Field({ form, field }: { form: UseFormReturn<Values>; field: FieldSpec }) {
  const { name, label, hint, options } = field
  const error = form.formState.errors[name]?.message
  return (
    <FormField label={label} hint={hint} error={error}>
      {(control) =>
        options === undefined ? (
          <Input
            {...control}
            {...form.register(name, {
              setValueAs: (value: string | undefined) => value ?? '',
              validate: (value = '') => wrongWith(field, value.trim()),
            })}
            inputMode={field.number === true ? 'decimal' : 'text'}
          />
        ) : (
          <Controller
            control={form.control}
            name={name}
            render={({ field: { value, onChange } }) => (
              <Select
                {...control}
                value={value === undefined || value === '' ? ANY : value}
                onChange={(next) => onChange(next === ANY ? '' : next)}
                options={[
                  { value: ANY, label: 'Any' },
                  ...options.map((option) => ({ value: option, label: WORDS[option] ?? option })),
                ]}
              />
            )}
          />
        )
      }
    </FormField>
  )
}

function wrongWith(field: FieldSpec, value: string): string | true {
  if (value === '') return true
  if (field.number === true) {
    const whole = field.name !== 'min_cost'
    const fits = whole ? /^\d{1,9}$/.test(value) : /^\d{1,9}(\.\d{1,12})?$/.test(value)
    return fits || (whole ? 'A whole number.' : 'An amount, such as 0.05.')
  }
  if (field.id === true) return UUID.test(value) || 'An id looks like 019a5c1e-7d43-7000-8a55-0c7f0e6f2b11.'
  return field.name !== 'search' || value.length > 1 || 'At least two letters.'
}

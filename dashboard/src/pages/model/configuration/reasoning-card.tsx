import { Plus, X } from 'lucide-react'
import { Controller, useFieldArray, type UseFormReturn } from 'react-hook-form'
import { SelectField } from '@/components/fields'
import { FormError } from '@/components/form-field'
import { Columns, SettingsCard } from '@/components/settings-card'
import { Button } from '@/design/button'
import { Input, Switch } from '@/design/field'
import { useChangeModel } from '../changes'
import type { Model } from '../queries'
import {
  EFFORTS,
  MODES,
  newWrite,
  pointer,
  reasoningChanges,
  reasoningOf,
  SURFACES,
  type Effort,
  type Reasoning,
  type Surface,
} from './reasoning'

/** Of models that one provider serves: a composite's deployments have their own. */
export function ReasoningCard({ model }: { model: Model }) {
  const change = useChangeModel(model.id)
  return (
    <SettingsCard
      title="Reasoning efforts"
      description="Which efforts the model takes, and what each is sent as to its provider. Others are refused."
      values={reasoningOf(model)}
      save={(values) => change.mutateAsync(reasoningChanges(values))}
    >
      {(form) => (
        <>
          <Columns>
            {SURFACES.map(({ surface, label }) => (
              <SelectField
                key={surface}
                control={form.control}
                name={`${surface}.mode`}
                label={label}
                options={MODES}
              />
            ))}
          </Columns>
          {SURFACES.map(
            ({ surface, label, place }) =>
              form.watch(`${surface}.mode`) === 'override' && (
                <EffortTable key={surface} form={form} surface={surface} label={label} place={place} />
              ),
          )}
        </>
      )}
    </SettingsCard>
  )
}

interface EffortTableProps {
  form: UseFormReturn<Reasoning>
  surface: Surface
  label: string
  /** Where a value usually stands. */
  place: string
}

/** A row for each effort, a column for each place in the request. */
function EffortTable({ form, surface, label, place }: EffortTableProps) {
  const { control, formState } = form
  const writes = useFieldArray({ control, name: `${surface}.writes` })
  const errors = formState.errors[surface]?.writes
  const messages = writes.fields.flatMap((_, index) => [
    errors?.[index]?.target_path?.message,
    ...EFFORTS.map((effort) => errors?.[index]?.values?.[effort]?.message),
  ])
  return (
    <fieldset className="min-w-0 rounded-md border border-line">
      <legend className="sr-only">{label}</legend>
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={`${label}: efforts`}>
        <table className="w-full border-collapse text-left">
          <thead className="bg-sunken text-xs text-faint">
            <tr>
              <th scope="col" className="sticky left-0 h-10 bg-sunken px-3 font-medium">
                {label}
              </th>
              <th scope="col" className="px-3 font-medium">
                Taken
              </th>
              {writes.fields.map((write, index) => (
                <th key={write.id} scope="col" className="min-w-44 px-2 font-normal">
                  <span className="flex items-center gap-1">
                    <Input
                      {...form.register(`${surface}.writes.${index}.target_path`, { validate: pointer })}
                      aria-label={`${label}: place ${index + 1}`}
                      placeholder={place}
                      aria-invalid={errors?.[index]?.target_path !== undefined || undefined}
                      autoComplete="off"
                      spellCheck={false}
                      className="h-7 font-mono text-xs"
                    />
                    {writes.fields.length > 1 && (
                      <Button
                        variant="ghost"
                        size="icon-sm"
                        aria-label={`${label}: remove place ${index + 1}`}
                        onClick={() => writes.remove(index)}
                      >
                        <X aria-hidden />
                      </Button>
                    )}
                  </span>
                </th>
              ))}
              <th scope="col" className="w-px px-2">
                <Button
                  variant="ghost"
                  size="sm"
                  aria-label={`${label}: another place`}
                  onClick={() => writes.append(newWrite(''))}
                >
                  <Plus aria-hidden /> Place
                </Button>
              </th>
            </tr>
          </thead>
          <tbody>
            {EFFORTS.map((effort) => (
              <EffortRow
                key={effort}
                form={form}
                surface={surface}
                label={label}
                effort={effort}
                places={writes.fields.map(({ id }) => id)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div className="px-3 py-2 text-xs text-faint">
        A place is a JSON pointer into what the provider gets; a value is JSON, or else a text.
        <FormError>{messages.find((message) => message !== undefined)}</FormError>
      </div>
    </fieldset>
  )
}

interface EffortRowProps extends Omit<EffortTableProps, 'place'> {
  effort: Effort
  /** Their keys. */
  places: readonly string[]
}

function EffortRow({ form, surface, label, effort, places }: EffortRowProps) {
  const taken = form.watch(`${surface}.taken.${effort}`)
  return (
    <tr className="border-t border-line">
      <th scope="row" className="sticky left-0 h-10 bg-surface px-3 font-mono text-xs font-normal">
        {effort}
      </th>
      <td className="px-3">
        <Controller
          control={form.control}
          name={`${surface}.taken.${effort}`}
          render={({ field }) => (
            <Switch
              aria-label={`${label}: ${effort} is taken`}
              checked={field.value}
              onCheckedChange={field.onChange}
            />
          )}
        />
      </td>
      {places.map((id, index) => (
        <td key={id} className="px-2">
          {taken ? (
            <Input
              {...form.register(`${surface}.writes.${index}.values.${effort}`, {
                validate: (text: string, all: Reasoning) =>
                  !all[surface].taken[effort] ||
                  text.trim() !== '' ||
                  `${effort} needs a value in every place.`,
              })}
              aria-label={`${label}: ${effort}, place ${index + 1}`}
              aria-invalid={
                form.formState.errors[surface]?.writes?.[index]?.values?.[effort] !== undefined || undefined
              }
              autoComplete="off"
              spellCheck={false}
              className="h-7 font-mono text-xs"
            />
          ) : (
            <span className="px-2.5 text-xs text-faint">Refused</span>
          )}
        </td>
      ))}
      <td />
    </tr>
  )
}

import { useId, useState } from 'react'
import { useForm } from 'react-hook-form'
import { ChevronRight } from 'lucide-react'
import { SelectField, TextField } from '@/components/fields'
import { FormError, showProblem } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Dialog } from '@/design/dialog'
import { useChangeModel } from '../changes'
import { needed } from '@/components/number-text'
import type { Model, Tariff } from '../queries'
import { decimal } from './decimal'
import type { CataloguePrices } from './suggestion'
import { inForce, KINDS, PURPOSES, tariffFrom, valuesOf, WINDOWS, type TariffValues } from './tariff'

const price = (text: string) => decimal(text, 6)

interface TariffDialogProps {
  model: Model
  /** None: a new one. */
  tariff: Tariff | undefined
  /** What the new one begins with. */
  prices: CataloguePrices | undefined
  onClose: () => void
}

export function TariffDialog({ model, tariff, prices, onClose }: TariffDialogProps) {
  const formId = useId()
  const change = useChangeModel(model.id)
  const values = valuesOf(tariff, tariff ?? prices)
  const form = useForm<TariffValues>({ defaultValues: values })
  const [more, setMore] = useState(
    values.price_per_request !== '' || KINDS.some(({ name }) => values[name] !== ''),
  )
  const { control } = form
  const submit = form.handleSubmit(async (edited) => {
    try {
      await change.mutateAsync({ tariffs: inForce(model.tariffs ?? [], tariffFrom(edited), tariff) })
      say(`${model.alias} is charged by ${edited.name.trim()} from now on`)
      onClose()
    } catch (error) {
      showProblem(form, error, {
        field: 'purpose',
        message: 'Another tariff is in force for this purpose: change or close that one.',
      })
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={tariff === undefined ? `A tariff for ${model.alias}` : `Change ${tariff.name}`}
      description="In $ per 1M tokens. From now on; what was charged stays as it is."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={change.isPending}>
            {tariff === undefined ? 'Add tariff' : 'Save'}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} noValidate className="space-y-4">
        <TextField
          control={control}
          name="name"
          label="Name"
          validate={(name) => name.trim() !== '' || 'A tariff needs a name.'}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField control={control} name="purpose" label="For requests of" options={PURPOSES} />
          {form.watch('purpose') === 'batch' && (
            <SelectField control={control} name="window" label="To be done within" options={WINDOWS} />
          )}
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField control={control} name="input" label="Input" number="decimal" validate={needed(price)} />
          <TextField
            control={control}
            name="output"
            label="Output"
            number="decimal"
            validate={needed(price)}
          />
        </div>
        <Button variant="link" className="px-0" aria-expanded={more} onClick={() => setMore(!more)}>
          <ChevronRight className={cn('transition-transform', more && 'rotate-90')} aria-hidden /> Other
          prices
        </Button>
        {more && (
          <div className="grid gap-4 sm:grid-cols-2">
            {KINDS.map(({ name, label, like }) => (
              <TextField
                key={name}
                control={control}
                name={name}
                label={label}
                optional
                number="decimal"
                placeholder={`As ${like}`}
                validate={price}
              />
            ))}
            <TextField
              control={control}
              name="price_per_request"
              label="Each request, in $"
              optional
              number="decimal"
              placeholder="Nothing"
              validate={(text) => decimal(text, 12)}
            />
          </div>
        )}
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

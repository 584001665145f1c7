/** Which stretch of time: one of the usual ones, or any. */
import { CalendarRange } from 'lucide-react'
import { useState } from 'react'
import { FormError, FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { Input } from '@/design/field'
import { Popover, PopoverClose } from '@/design/menu'
import { Segments } from '@/design/tabs'
import { logTime } from '@/format/time'
import { localText, PRESETS, wrongWith, type Period, type Preset } from './period'

export interface PeriodChange {
  range?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

interface PeriodPickerProps {
  period: Period
  /** `undefined`: one that was typed. */
  preset: Preset | undefined
  onChange: (change: PeriodChange) => void
}

export function PeriodPicker({ period, preset, onChange }: PeriodPickerProps) {
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segments
        label="Time"
        value={preset ?? ('custom' as Preset)}
        onChange={(range) => onChange({ range, from: undefined, to: undefined })}
        options={PRESETS}
      />
      <Popover
        label="Custom time"
        align="end"
        trigger={
          <Button className={preset === undefined ? undefined : 'text-soft'}>
            <CalendarRange aria-hidden />
            {preset === undefined ? `${logTime(period.start)} – ${logTime(period.end)}` : 'Custom'}
          </Button>
        }
      >
        <CustomRange
          period={period}
          onChange={(start, end) =>
            onChange({
              range: undefined,
              from: new Date(start).toISOString(),
              to: new Date(end).toISOString(),
            })
          }
        />
      </Popover>
    </div>
  )
}

function CustomRange({
  period,
  onChange,
}: {
  period: Period
  onChange: (start: number, end: number) => void
}) {
  const [from, setFrom] = useState(() => localText(period.start))
  const [to, setTo] = useState(() => localText(period.end))
  const [start, end] = [Date.parse(from), Date.parse(to)]
  const wrong = wrongWith(start, end)
  return (
    <form className="grid gap-3 p-3" onSubmit={(event) => event.preventDefault()}>
      <FormField label="From">
        {(control) => (
          <Input
            {...control}
            type="datetime-local"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
        )}
      </FormField>
      <FormField label="To">
        {(control) => (
          <Input
            {...control}
            type="datetime-local"
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
        )}
      </FormField>
      <FormError>{wrong}</FormError>
      <PopoverClose asChild>
        <Button
          type="submit"
          variant="primary"
          disabled={wrong !== undefined}
          onClick={() => onChange(start, end)}
        >
          Show
        </Button>
      </PopoverClose>
    </form>
  )
}

/** One of many, found by typing: the options are asked of the server. */
import { Check, ChevronDown, X } from 'lucide-react'
import { useState, type ReactElement } from 'react'
import { Button } from '@/design/button'
import { Input } from '@/design/field'
import { Popover } from '@/design/menu'
import type { ControlProps } from './form-field'

export interface Choice {
  value: string
  label: string
  /** What tells it from others, such as where it is hosted. */
  detail?: string | undefined
}

interface ListProps {
  searchLabel: string
  choices: readonly Choice[]
  value?: string | undefined
  search: string
  onSearch: (text: string) => void
  loading: boolean
  onChoose: (choice: Choice) => void
}

function List({ searchLabel, choices, value, search, onSearch, loading, onChoose }: ListProps) {
  return (
    <>
      <div className="border-b border-line p-2">
        <Input
          type="search"
          aria-label={searchLabel}
          placeholder={searchLabel}
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
      </div>
      <ul className="max-h-60 overflow-y-auto p-1" aria-busy={loading}>
        {choices.map((choice) => (
          <li key={choice.value}>
            <button
              type="button"
              onClick={() => onChoose(choice)}
              className="flex h-8 w-full items-center gap-2 rounded-md px-2 text-left hover:bg-hover focus-visible:outline-offset-[-2px]"
            >
              <span className="truncate">{choice.label}</span>
              {choice.detail !== undefined && (
                <span className="truncate text-xs text-faint">{choice.detail}</span>
              )}
              {choice.value === value && <Check className="ml-auto size-3.5 shrink-0" aria-label="Chosen" />}
            </button>
          </li>
        ))}
        {choices.length === 0 && !loading && (
          <li className="px-2 py-4 text-center text-faint">Nothing to choose is called that.</li>
        )}
      </ul>
    </>
  )
}

interface ChooseOneProps extends Omit<ListProps, 'onChoose'> {
  control: ControlProps
  /** What is chosen, in words; nothing while nothing is. */
  chosen: string | undefined
  none: string
  onChange: (value: string) => void
}

/** A field. What is chosen can be taken away again. */
export function ChooseOne({ control, chosen, none, onChange, ...list }: ChooseOneProps) {
  const [open, setOpen] = useState(false)
  return (
    <div className="flex gap-1">
      <Popover
        open={open}
        onOpenChange={setOpen}
        className="w-(--radix-popover-trigger-width) min-w-64"
        trigger={
          <Button {...control} className="min-w-0 flex-1 justify-between px-2.5 font-normal">
            <span className={chosen === undefined ? 'truncate text-faint' : 'truncate'}>
              {chosen ?? none}
            </span>
            <ChevronDown className="text-faint" aria-hidden />
          </Button>
        }
      >
        <List
          {...list}
          onChoose={(choice) => {
            onChange(choice.value)
            setOpen(false)
          }}
        />
      </Popover>
      {chosen !== undefined && (
        <Button variant="ghost" size="icon" aria-label={`Take away ${chosen}`} onClick={() => onChange('')}>
          <X aria-hidden />
        </Button>
      )}
    </div>
  )
}

interface PickerProps extends Omit<ListProps, 'value'> {
  /** A button. */
  trigger: ReactElement
}

/** A button that offers a choice, which is made at once. */
export function Picker({ trigger, onChoose, ...list }: PickerProps) {
  const [open, setOpen] = useState(false)
  return (
    <Popover open={open} onOpenChange={setOpen} align="end" className="w-80" trigger={trigger}>
      <List
        {...list}
        onChoose={(choice) => {
          onChoose(choice)
          setOpen(false)
        }}
      />
    </Popover>
  )
}

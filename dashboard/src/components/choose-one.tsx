/** One of many, found by typing: the options are asked of the server. */
import { Command } from 'cmdk'
import { Check, ChevronDown, X } from 'lucide-react'
import { useState, type ReactElement } from 'react'
import { Button } from '@/design/button'
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
  /** What was typed may be taken although no choice is called that. */
  free?: boolean | undefined
}

const ITEM =
  'flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm data-[selected=true]:bg-hover'

function List({ searchLabel, choices, value, search, onSearch, loading, onChoose, free }: ListProps) {
  const typed = search.trim()
  const takesTyped = free === true && typed !== '' && !choices.some((choice) => choice.value === typed)
  return (
    <Command label={searchLabel} shouldFilter={false} loop>
      <Command.Input
        value={search}
        onValueChange={onSearch}
        placeholder={searchLabel}
        className="h-9 w-full border-b border-line bg-transparent px-3 text-sm outline-none placeholder:text-faint"
      />
      <Command.List className="max-h-60 overflow-y-auto p-1" aria-busy={loading}>
        {choices.map((choice) => (
          <Command.Item
            key={choice.value}
            value={choice.value}
            className={ITEM}
            onSelect={() => onChoose(choice)}
          >
            <span className="truncate">{choice.label}</span>
            {choice.detail !== undefined && (
              <span className="truncate text-xs text-faint">{choice.detail}</span>
            )}
            {choice.value === value && <Check className="ml-auto size-3.5 shrink-0" aria-label="Chosen" />}
          </Command.Item>
        ))}
        {takesTyped && (
          <Command.Item
            value={`typed ${typed}`}
            className={ITEM}
            onSelect={() => onChoose({ value: typed, label: typed })}
          >
            <span className="truncate text-soft">“{typed}”, whether or not there is one</span>
          </Command.Item>
        )}
        {choices.length === 0 && !takesTyped && (
          <p className="px-2 py-4 text-center text-sm text-faint">
            {loading ? 'Looking…' : 'Nothing to choose is called that.'}
          </p>
        )}
      </Command.List>
    </Command>
  )
}

interface ChooseOneProps extends Omit<ListProps, 'onChoose'> {
  control: ControlProps
  /** What is chosen, in words; nothing while nothing is. */
  chosen: string | undefined
  none: string
  onChange: (value: string) => void
  /** What is chosen can be taken away again. */
  removable?: boolean
}

/** A field. */
export function ChooseOne({ control, chosen, none, onChange, removable = true, ...list }: ChooseOneProps) {
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
            list.onSearch('')
            setOpen(false)
          }}
        />
      </Popover>
      {removable && chosen !== undefined && (
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

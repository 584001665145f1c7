/** One of many, found by typing: the options are asked of the server. */
import { Command } from 'cmdk'
import { Check, ChevronDown } from 'lucide-react'
import { Popover as Radix } from 'radix-ui'
import { useState } from 'react'
import { Button } from '@/design/button'
import type { ControlProps } from './form-field'

interface ChooseOneProps {
  control: ControlProps
  value: string | undefined
  onChange: (value: string) => void
  placeholder: string
  searchLabel: string
  options: readonly string[]
  search: string
  onSearch: (text: string) => void
  loading: boolean
  /** What was typed may be taken although no option is called that. */
  free?: boolean
}

const ITEM =
  'flex h-8 cursor-pointer items-center justify-between gap-4 rounded-md px-2 text-sm data-[selected=true]:bg-hover'

export function ChooseOne(props: ChooseOneProps) {
  const { control, value, onChange, placeholder, searchLabel, options, search, onSearch, loading, free } =
    props
  const [open, setOpen] = useState(false)
  const typed = search.trim()
  const choose = (option: string) => {
    onChange(option)
    onSearch('')
    setOpen(false)
  }
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>
        <Button {...control} className="w-full justify-between px-2.5 font-normal">
          <span className={value === undefined ? 'truncate text-faint' : 'truncate'}>
            {value ?? placeholder}
          </span>
          <ChevronDown className="text-faint" aria-hidden />
        </Button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          className="z-60 w-(--radix-popover-trigger-width) min-w-64 animate-rise rounded-lg border border-line bg-surface text-ink shadow-floating outline-none"
        >
          <Command label={searchLabel} shouldFilter={false} loop>
            <Command.Input
              value={search}
              onValueChange={onSearch}
              placeholder={searchLabel}
              className="h-9 w-full border-b border-line bg-transparent px-3 text-sm outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-60 overflow-y-auto p-1" aria-busy={loading}>
              {options.map((option) => (
                <Command.Item key={option} value={option} className={ITEM} onSelect={() => choose(option)}>
                  <span className="truncate">{option}</span>
                  {option === value && <Check className="size-3.5" aria-hidden />}
                </Command.Item>
              ))}
              {free === true && typed !== '' && !options.includes(typed) && (
                <Command.Item value={`typed ${typed}`} className={ITEM} onSelect={() => choose(typed)}>
                  <span className="truncate text-soft">“{typed}”, whether or not there is one</span>
                </Command.Item>
              )}
              {options.length === 0 && typed === '' && (
                <p className="px-2 py-4 text-center text-faint">{loading ? 'Looking…' : 'There is none.'}</p>
              )}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** One model of those that the person may call, found by typing. */
import { useQuery } from '@tanstack/react-query'
import { Command } from 'cmdk'
import { ChevronDown } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { asProblem } from '@/api/problem'
import { Button } from '@/design/button'
import { Popover } from '@/design/menu'
import { TYPES } from '@/pages/models/queries'
import type { ModelName } from './conversation'
import { choicesOptions, modeOf } from './queries'

interface ModelPickerProps {
  label: string
  value: ModelName | undefined
  onChange: (model: ModelName) => void
  /** Only models that chat: what is compared must be asked alike. */
  onlyChat: boolean
}

export function ModelPicker({ label, value, onChange, onlyChat }: ModelPickerProps) {
  const [open, setOpen] = useState(false)
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      className="w-80 max-w-[calc(100vw-2rem)]"
      trigger={
        <Button
          aria-label={`${label}: ${value?.alias ?? 'none'}`}
          className="min-w-0 flex-1 justify-between px-2.5"
        >
          <span className={value === undefined ? 'truncate font-normal text-faint' : 'truncate'}>
            {value?.alias ?? 'Choose a model'}
          </span>
          <ChevronDown className="text-faint" aria-hidden />
        </Button>
      }
    >
      <Choices
        label={label}
        onlyChat={onlyChat}
        onChoose={(model) => {
          setOpen(false)
          onChange(model)
        }}
      />
    </Popover>
  )
}

interface ChoicesProps {
  label: string
  onlyChat: boolean
  onChoose: (model: ModelName) => void
}

function Choices({ label, onlyChat, onChoose }: ChoicesProps) {
  const [search, setSearch] = useState('')
  const query = useQuery(choicesOptions(useDeferredValue(search)))
  const more = query.data === undefined ? 0 : query.data.total_count - query.data.data.length
  return (
    <Command label={label} shouldFilter={false} loop>
      <Command.Input
        value={search}
        onValueChange={setSearch}
        placeholder="Find a model"
        className="h-10 w-full border-b border-line bg-transparent px-3 outline-none placeholder:text-faint"
      />
      <Command.List className="max-h-72 overflow-y-auto p-1" aria-busy={query.isFetching}>
        {query.isError && (
          <p role="alert" className="px-3 py-6 text-center text-bad">
            {asProblem(query.error).message}
          </p>
        )}
        {query.isSuccess && (
          <Command.Empty className="px-3 py-6 text-center text-faint">
            {search === '' ? 'No model is granted to your groups.' : 'Nothing is called that.'}
          </Command.Empty>
        )}
        {query.data?.data.map(({ id, alias, display_name, model_type }) => (
          <Command.Item
            key={id}
            value={id}
            disabled={onlyChat && modeOf(model_type) !== 'chat'}
            onSelect={() => onChoose({ id, alias })}
            className="flex h-8 cursor-pointer items-center justify-between gap-3 rounded-md px-2 data-[disabled=true]:cursor-default data-[disabled=true]:opacity-50 data-[selected=true]:bg-hover"
          >
            <span className="truncate">{display_name ?? alias}</span>
            <span className="shrink-0 text-xs text-faint">{TYPES[model_type ?? '']}</span>
          </Command.Item>
        ))}
        {more > 0 && <p className="px-2 py-2 text-xs text-faint">{more} more: type to find them.</p>}
      </Command.List>
    </Command>
  )
}

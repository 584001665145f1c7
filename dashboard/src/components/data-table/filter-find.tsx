/** A filter with too many values for a list of all: they are found by typing, at the server. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Check, ChevronDown } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Input } from '@/design/field'
import { Popover, PopoverClose } from '@/design/menu'

interface Choice {
  value: string
  label: string
}

interface FilterFindProps {
  label: string
  value: string | undefined
  /** What `value` is called, where that is something else. */
  name?: string | null | undefined
  onChange: (value: string | undefined) => void
  /** Tells the choices of one filter from those of another in the cache. */
  of: readonly unknown[]
  find: (search: string, signal: AbortSignal) => Promise<readonly Choice[]>
}

export function FilterFind({ label, value, name, onChange, of, find }: FilterFindProps) {
  return (
    <Popover
      label={label}
      trigger={
        <Button className={cn('max-w-56 px-2.5 font-normal', value === undefined && 'text-soft')}>
          <span className="truncate">
            {label}: {value === undefined ? 'any' : (name ?? value)}
          </span>
          <ChevronDown className="size-3.5 text-faint" aria-hidden />
        </Button>
      }
    >
      <Choices label={label} value={value} onChange={onChange} of={of} find={find} />
    </Popover>
  )
}

function Choices({ label, value, onChange, of, find }: FilterFindProps) {
  const [text, setText] = useState('')
  const search = useDeferredValue(text.trim())
  const found = useQuery({
    queryKey: ['choices', ...of, search],
    queryFn: ({ signal }) => find(search, signal),
    placeholderData: keepPreviousData,
  })
  return (
    <>
      <div className="border-b border-line p-2">
        <Input
          type="search"
          aria-label={`Find: ${label}`}
          placeholder="Find…"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <ul className="max-h-64 overflow-y-auto p-1" aria-busy={found.isFetching}>
        {search === '' && (
          <Item chosen={value === undefined} onChoose={() => onChange(undefined)}>
            Any
          </Item>
        )}
        {found.data?.map((choice) => (
          <Item key={choice.value} chosen={choice.value === value} onChoose={() => onChange(choice.value)}>
            {choice.label}
          </Item>
        ))}
        {found.isError && <li className="px-2 py-4 text-center text-bad">{found.error.message}</li>}
        {found.data?.length === 0 && (
          <li className="px-2 py-4 text-center text-faint">Nothing is called that.</li>
        )}
      </ul>
    </>
  )
}

interface ItemProps {
  chosen: boolean
  onChoose: () => void
  children: string
}

function Item({ chosen, onChoose, children }: ItemProps) {
  return (
    <li>
      <PopoverClose asChild>
        <button
          type="button"
          aria-pressed={chosen}
          onClick={onChoose}
          className="flex h-8 w-full items-center justify-between gap-3 rounded-md px-2 text-left hover:bg-hover"
        >
          <span className="truncate">{children}</span>
          {chosen && <Check className="size-3.5 shrink-0" aria-hidden />}
        </button>
      </PopoverClose>
    </li>
  )
}

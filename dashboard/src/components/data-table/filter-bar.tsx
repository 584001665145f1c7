/** Search and filters above a list. What is typed reaches the URL, and so the server, when typing pauses. */
import { Search, X } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { Button } from '@/design/button'
import { Input, Select, type Option } from '@/design/field'
import { cn } from '@/design/class-names'
import type { ListState } from './list-state'

const PAUSE_MS = 250
const ANY = '*'

interface FilterBarProps {
  state: ListState
  searchLabel: string
  /** What of the typed text is looked for, where that is not all. */
  sought?: (text: string) => string
  /** There is nothing to narrow: it is not there. What narrows already stays in sight. */
  hidden?: boolean
  /** `FilterSelect`s. */
  children?: ReactNode
  /** What stands at the right, such as the choice of a view. */
  end?: ReactNode
}

export function FilterBar({ state, searchLabel, sought, hidden, children, end }: FilterBarProps) {
  return (
    <div
      className={cn('mb-3 flex flex-wrap items-center gap-2', hidden === true && !state.narrowed && 'hidden')}
      role="search"
    >
      <SearchField
        key={state.search === '' ? 'empty' : 'filled'}
        state={state}
        label={searchLabel}
        sought={sought ?? all}
      />
      {children}
      {state.narrowed && (
        <Button variant="ghost" onClick={state.widen}>
          <X aria-hidden /> Clear
        </Button>
      )}
      {end !== undefined && <div className="ml-auto flex items-center gap-2">{end}</div>}
    </div>
  )
}

const all = (text: string) => text

interface SearchFieldProps {
  state: ListState
  label: string
  sought: (text: string) => string
}

function SearchField({ state, label, sought }: SearchFieldProps) {
  const [text, setText] = useState(state.search)
  const timer = useRef<number>(undefined)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => () => window.clearTimeout(timer.current), [])
  const change = (next: string) => {
    setText(next)
    window.clearTimeout(timer.current)
    timer.current = window.setTimeout(() => state.set({ q: sought(next.trim()) }), PAUSE_MS)
  }
  return (
    <div className="relative w-full sm:w-64">
      <Search className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" aria-hidden />
      <Input
        ref={field}
        type="search"
        aria-label={label}
        placeholder={label}
        className="pl-8 [&::-webkit-search-cancel-button]:hidden"
        value={text}
        onChange={(event) => change(event.target.value)}
      />
    </div>
  )
}

interface FilterSelectProps {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
  options: readonly Option[]
}

/** One filter: what it is about, and its value where there is one. */
export function FilterSelect({ label, value, onChange, options }: FilterSelectProps) {
  return (
    <Select
      aria-label={label}
      className={cn('w-auto max-w-44', value === undefined && 'text-soft')}
      value={value ?? ANY}
      onChange={(next) => onChange(next === ANY ? undefined : next)}
      options={[{ value: ANY, label: `${label}: any` }, ...options]}
    />
  )
}

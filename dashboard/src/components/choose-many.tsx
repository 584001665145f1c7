/** Several of many, found by typing: the options are asked of the server. */
import { ChevronDown } from 'lucide-react'
import { useId } from 'react'
import { Button } from '@/design/button'
import { Checkbox, Input } from '@/design/field'
import { Popover } from '@/design/menu'
import type { ControlProps } from './form-field'

interface ChooseManyProps {
  control: ControlProps
  value: readonly string[]
  onChange: (value: string[]) => void
  /** What it says while nothing is chosen. */
  none: string
  searchLabel: string
  options: readonly string[]
  search: string
  onSearch: (text: string) => void
  loading: boolean
}

export function ChooseMany(props: ChooseManyProps) {
  const { control, value, onChange, none, searchLabel, options, search, onSearch, loading } = props
  const base = useId()
  // What is chosen stays in sight, whatever is looked for.
  const listed = [...value, ...options.filter((option) => !value.includes(option))]
  return (
    <Popover
      label={searchLabel}
      className="w-(--radix-popover-trigger-width) min-w-64"
      trigger={
        <Button {...control} className="w-full justify-between px-2.5 font-normal">
          <span className={value.length === 0 ? 'truncate text-faint' : 'truncate'}>
            {value.length === 0 ? none : value.join(', ')}
          </span>
          <ChevronDown className="text-faint" aria-hidden />
        </Button>
      }
    >
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
        {listed.map((option, index) => (
          <li key={option}>
            <label
              htmlFor={`${base}-${index}`}
              className="flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 hover:bg-hover"
            >
              <Checkbox
                id={`${base}-${index}`}
                checked={value.includes(option)}
                onCheckedChange={(checked) =>
                  onChange(checked === true ? [...value, option] : value.filter((each) => each !== option))
                }
              />
              <span className="truncate">{option}</span>
            </label>
          </li>
        ))}
        {listed.length === 0 && !loading && (
          <li className="px-2 py-4 text-center text-faint">Nothing is called that.</li>
        )}
      </ul>
    </Popover>
  )
}

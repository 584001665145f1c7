/** Several of many to be added in one go, found by typing: the options are asked of the server. */
import { useId, useState, type ReactNode } from 'react'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { Checkbox, Input } from '@/design/field'
import { Popover } from '@/design/menu'

export interface Pick {
  id: string
  name: string
  note?: string | undefined
}

interface PickManyProps {
  /** What opens it: "Add people". */
  label: ReactNode
  searchLabel: string
  options: readonly Pick[]
  search: string
  onSearch: (text: string) => void
  loading: boolean
  /** The button's words: "Add 3 people". */
  action: (amount: number) => string
  onAdd: (picked: readonly Pick[]) => Promise<unknown>
}

export function PickMany(props: PickManyProps) {
  const { label, searchLabel, options, search, onSearch, loading, action, onAdd } = props
  const base = useId()
  const [picked, setPicked] = useState<readonly Pick[]>([])
  const [busy, setBusy] = useState(false)
  const isPicked = (option: Pick) => picked.some(({ id }) => id === option.id)
  // What is picked stays in sight, whatever is looked for.
  const listed = [...picked, ...options.filter((option) => !isPicked(option))]
  const add = async () => {
    setBusy(true)
    try {
      await onAdd(picked)
      setPicked([])
      onSearch('')
    } catch (error) {
      sayProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Popover align="end" className="w-80 max-w-[calc(100vw-1rem)]" trigger={<Button>{label}</Button>}>
      <div className="border-b border-line p-2">
        <Input
          type="search"
          aria-label={searchLabel}
          placeholder={searchLabel}
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
      </div>
      <ul className="max-h-64 overflow-y-auto p-1" aria-busy={loading}>
        {listed.map((option, index) => (
          <li key={option.id}>
            <label
              htmlFor={`${base}-${index}`}
              className="flex min-h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 py-1 hover:bg-hover"
            >
              <Checkbox
                id={`${base}-${index}`}
                checked={isPicked(option)}
                onCheckedChange={(checked) =>
                  setPicked(
                    checked === true ? [...picked, option] : picked.filter(({ id }) => id !== option.id),
                  )
                }
              />
              <span className="min-w-0 leading-4">
                <span className="block truncate">{option.name}</span>
                {option.note !== undefined && (
                  <span className="block truncate text-xs text-faint">{option.note}</span>
                )}
              </span>
            </label>
          </li>
        ))}
        {listed.length === 0 && (
          <li className="px-2 py-4 text-center text-faint">
            {loading
              ? 'Looking…'
              : search === ''
                ? 'There is nothing to add.'
                : 'Nothing more is called that.'}
          </li>
        )}
      </ul>
      <div className="flex justify-end border-t border-line p-2">
        <Button variant="primary" size="sm" busy={busy} disabled={picked.length === 0} onClick={add}>
          {action(picked.length)}
        </Button>
      </div>
    </Popover>
  )
}

/** A provider's models, to choose from and to name. */
import { Search } from 'lucide-react'
import { useId, useState } from 'react'
import { Checkbox, Input } from '@/design/field'
import { count } from '@/format/number'
import type { Choice } from './selection'

interface ModelPickerProps {
  choices: readonly Choice[]
  onChange: (choices: Choice[]) => void
  /** What is wrong with a model's alias, by its name. */
  conflicts: ReadonlyMap<string, string>
}

export function ModelPicker({ choices, onChange, conflicts }: ModelPickerProps) {
  const [search, setSearch] = useState('')
  const base = useId()
  const term = search.trim().toLowerCase()
  const shown = choices.filter(({ name, alias }) => `${name} ${alias}`.toLowerCase().includes(term))
  const names = new Set(shown.map(({ name }) => name))
  const chosen = shown.filter((choice) => choice.chosen).length
  const change = (name: string, changes: Partial<Choice>) =>
    onChange(choices.map((choice) => (choice.name === name ? { ...choice, ...changes } : choice)))
  const all = (wanted: boolean) =>
    onChange(choices.map((choice) => (names.has(choice.name) ? { ...choice, chosen: wanted } : choice)))
  return (
    <div className="overflow-hidden rounded-lg border border-line">
      <div className="flex items-center gap-2 border-b border-line bg-sunken px-3 py-2">
        <Checkbox
          aria-label={term === '' ? 'Select all models' : 'Select all models found'}
          checked={shown.length > 0 && chosen === shown.length ? true : chosen > 0 && 'indeterminate'}
          disabled={shown.length === 0}
          onCheckedChange={(checked) => all(checked === true)}
        />
        <div className="relative min-w-0 flex-1">
          <Search className="absolute top-2 left-2.5 size-4 text-faint" aria-hidden />
          <Input
            type="search"
            aria-label="Find a model of this provider"
            placeholder="Find a model"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="pl-8"
          />
        </div>
        <span className="text-xs whitespace-nowrap text-faint tabular-nums" role="status">
          {count(choices.filter((choice) => choice.chosen).length).shown} of {count(choices.length).shown}{' '}
          chosen
        </span>
      </div>
      <ul className="max-h-[42vh] divide-y divide-line overflow-y-auto" aria-label="Models of the provider">
        {shown.map((choice, index) => {
          const conflict = conflicts.get(choice.name)
          const id = `${base}-${index}`
          return (
            <li key={choice.name} className="px-3 py-1.5">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <label
                  htmlFor={id}
                  className="flex min-h-8 min-w-0 flex-1 basis-52 cursor-pointer items-center gap-2.5"
                >
                  <Checkbox
                    id={id}
                    checked={choice.chosen}
                    onCheckedChange={(checked) => change(choice.name, { chosen: checked === true })}
                  />
                  <span className="min-w-0 font-mono text-xs break-all">{choice.name}</span>
                </label>
                {choice.chosen && (
                  <Input
                    aria-label={`Alias of ${choice.name}`}
                    aria-invalid={conflict === undefined ? undefined : true}
                    aria-describedby={conflict === undefined ? undefined : `${id}-conflict`}
                    placeholder="Alias: its own name"
                    value={choice.alias}
                    onChange={(event) => change(choice.name, { alias: event.target.value })}
                    autoComplete="off"
                    spellCheck={false}
                    className="h-7 w-full font-mono text-xs sm:w-64"
                  />
                )}
              </div>
              {conflict !== undefined && (
                <p id={`${id}-conflict`} role="alert" className="pb-1 text-xs text-bad sm:text-right">
                  {conflict}
                </p>
              )}
            </li>
          )
        })}
        {shown.length === 0 && <li className="px-3 py-6 text-center text-faint">Nothing is called that.</li>}
      </ul>
    </div>
  )
}

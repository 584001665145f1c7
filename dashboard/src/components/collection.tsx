/** What belongs to one thing, such as the members of a group: found by typing, added to, taken from. */
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '@/design/button'
import { Input } from '@/design/field'
import { plural } from '@/format/number'
import { ErrorState, Skeleton } from './page'

export interface Entry {
  id: string
  name: string
  note?: ReactNode
  icon?: ReactNode
  /** Why it cannot be taken out. */
  fixed?: string | undefined
}

interface CollectionProps {
  /** What the entries are: "Members of Research". */
  label: string
  searchLabel: string
  search: string
  onSearch: (text: string) => void
  entries: readonly Entry[] | undefined
  /** How many there are, of which `entries` may be the first. */
  total: number
  error: unknown
  retry: () => void
  more: (() => void) | undefined
  loadingMore: boolean
  /** Where there is none. */
  empty: ReactNode
  /** What adds to it. */
  add?: ReactNode
  /** The words of the button that takes one out, for those who cannot see it. */
  removeLabel: (entry: Entry) => string
  onRemove: ((entry: Entry) => void) | undefined
}

export function Collection(props: CollectionProps) {
  const { label, search, onSearch, entries, total, error, more, removeLabel, onRemove } = props
  const narrowed = search.trim() !== ''
  return (
    <div className="space-y-3">
      <div className="flex items-center gap-2" role="search">
        <Input
          type="search"
          aria-label={props.searchLabel}
          placeholder={props.searchLabel}
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
        {props.add}
      </div>
      {error !== null && error !== undefined ? (
        <ErrorState error={error} retry={props.retry} />
      ) : entries === undefined ? (
        <div className="space-y-4 py-2" aria-busy>
          {['w-48', 'w-64', 'w-40'].map((width) => (
            <Skeleton key={width} className={width} />
          ))}
        </div>
      ) : entries.length === 0 ? (
        <p className="py-8 text-center text-faint">
          {narrowed ? 'Nothing here is called that.' : props.empty}
        </p>
      ) : (
        <>
          <ul aria-label={label} className="divide-y divide-line rounded-lg border border-line">
            {entries.map((entry) => (
              <li key={entry.id} className="flex min-h-11 items-center gap-2.5 py-1.5 pr-2 pl-3">
                {entry.icon}
                <span className="min-w-0 flex-1 leading-4">
                  <span className="block truncate font-medium">{entry.name}</span>
                  {entry.note !== undefined && (
                    <span className="block truncate text-xs text-faint">{entry.note}</span>
                  )}
                </span>
                {entry.fixed !== undefined ? (
                  <span className="pr-1.5 text-xs text-faint">{entry.fixed}</span>
                ) : (
                  onRemove !== undefined && (
                    <Button
                      variant="ghost"
                      size="icon-sm"
                      aria-label={removeLabel(entry)}
                      onClick={() => onRemove(entry)}
                    >
                      <X aria-hidden />
                    </Button>
                  )
                )}
              </li>
            ))}
          </ul>
          <div className="flex items-center justify-between gap-2 text-xs text-faint">
            <span className="tabular-nums">
              {entries.length < total
                ? `${plural(entries.length, 'entry', 'entries')} of ${total}`
                : `${total} in all`}
            </span>
            {more !== undefined && (
              <Button variant="ghost" size="sm" busy={props.loadingMore} onClick={more}>
                Show more
              </Button>
            )}
          </div>
        </>
      )}
    </div>
  )
}

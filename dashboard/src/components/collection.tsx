/** What belongs to one thing, such as the members of a group: found by typing, added to, taken from. */
import { Undo2, X } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { Button } from '@/design/button'
import { Input } from '@/design/field'
import { plural } from '@/format/number'
import { ErrorState, Skeleton } from './page'
import { sayProblem } from './toast'

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
  removing: Removing | undefined
}

/** What takes one out, and puts it back. */
export interface Removing {
  /** The words of the button, for those who cannot see it. */
  label: (entry: Entry) => string
  /** What was done, for a while: "Ada is no longer in Research." */
  done: (entry: Entry) => string
  /** Takes it out, or, with `back`, puts it back. */
  act: (entry: Entry, back: boolean) => Promise<unknown>
}

export function Collection(props: CollectionProps) {
  const { label, search, onSearch, entries, total, error, more, removing } = props
  const [taken, setTaken] = useState<Entry>()
  const take = (entry: Entry) => {
    removing?.act(entry, false).then(() => setTaken(entry), sayProblem)
  }
  const putBack = (entry: Entry) => {
    removing?.act(entry, true).then(() => setTaken(undefined), sayProblem)
  }
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
      {taken !== undefined && removing !== undefined && (
        <p
          role="status"
          className="flex items-center justify-between gap-3 rounded-md bg-sunken py-1 pr-1 pl-3"
        >
          {removing.done(taken)}
          <Button variant="ghost" size="sm" onClick={() => putBack(taken)}>
            <Undo2 aria-hidden /> Undo
          </Button>
        </p>
      )}
      {error !== null && error !== undefined ? (
        <ErrorState error={error} retry={props.retry} />
      ) : entries === undefined ? (
        <div className="divide-y divide-line rounded-lg border border-line" aria-busy>
          {['w-48', 'w-56', 'w-40'].map((width) => (
            <div key={width} className="flex h-11 items-center pl-3">
              <Skeleton className={width} />
            </div>
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
                  removing !== undefined && (
                    <Button
                      variant="ghost"
                      size="icon-sm"
                      aria-label={removing.label(entry)}
                      onClick={() => take(entry)}
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

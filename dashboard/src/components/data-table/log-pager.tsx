/** The way through a log of which nobody knows how long it is: from the newest on. */
import { useNavigate } from '@tanstack/react-router'
import { ChevronLeft, ChevronRight, ChevronsLeft } from 'lucide-react'
import { PAGE_SIZES, type ListState } from './list-state'
import { Button } from '@/design/button'
import { Select } from '@/design/field'

interface LogPagerProps {
  state: ListState<never>
  /** The last entry shown, where there are older ones. */
  older: number | undefined
  /** Whether these are the newest. */
  newest: boolean
  loading: boolean
}

export function LogPager({ state, older, newest, loading }: LogPagerProps) {
  const navigate = useNavigate()
  // Each page is a step of the browser's history, so that its Back is the way to the one before.
  const go = (before: number | undefined) =>
    void navigate({
      to: '.',
      search: (now: Record<string, unknown>) => ({ ...now, before, live: undefined }),
    })
  // As in `Pager`: it would be pushed away by the rows.
  if (loading) return null
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line py-2 pr-2 pl-4 text-xs text-faint">
      <p aria-live="polite">{newest ? 'The newest' : 'Older ones'}</p>
      <div className="flex items-center gap-2">
        <Select
          aria-label="Rows per page"
          className="h-7 w-auto text-xs"
          value={String(state.per)}
          onChange={(value) => state.set({ per: Number(value) })}
          options={PAGE_SIZES.map((size) => ({ value: String(size), label: `${size} rows` }))}
        />
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="The newest"
          disabled={newest}
          onClick={() => go(undefined)}
        >
          <ChevronsLeft aria-hidden />
        </Button>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Back"
          disabled={newest}
          onClick={() => window.history.back()}
        >
          <ChevronLeft aria-hidden />
        </Button>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Older"
          disabled={older === undefined}
          onClick={() => go(older)}
        >
          <ChevronRight aria-hidden />
        </Button>
      </div>
    </div>
  )
}

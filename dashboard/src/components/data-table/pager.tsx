import { ChevronLeft, ChevronRight } from 'lucide-react'
import { Button } from '@/design/button'
import { Select } from '@/design/field'
import { count } from '@/format/number'
import { PAGE_SIZES, type ListState } from './list-state'

export function Pager({ state, total, loading }: { state: ListState; total: number; loading: boolean }) {
  const { page, per } = state
  const first = (page - 1) * per + 1
  const last = Math.min(page * per, total)
  const pages = Math.max(1, Math.ceil(total / per))
  // Before the rows are there it would be pushed away by them.
  if (loading) return null
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line py-2 pr-2 pl-4 text-xs text-faint">
      <p className="tabular-nums" aria-live="polite">
        {count(first).exact}–{count(last).exact} of {count(total).exact}
      </p>
      <div className="flex items-center gap-2">
        {total > PAGE_SIZES[0] && (
          <Select
            aria-label="Rows per page"
            className="h-7 w-auto text-xs"
            value={String(per)}
            onChange={(value) => state.set({ per: Number(value) })}
            options={PAGE_SIZES.map((size) => ({ value: String(size), label: `${size} rows` }))}
          />
        )}
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Previous page"
          disabled={page <= 1}
          onClick={() => state.set({ page: page - 1 })}
        >
          <ChevronLeft aria-hidden />
        </Button>
        <span className="tabular-nums">
          {page} / {pages}
        </span>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Next page"
          disabled={page >= pages}
          onClick={() => state.set({ page: page + 1 })}
        >
          <ChevronRight aria-hidden />
        </Button>
      </div>
    </div>
  )
}

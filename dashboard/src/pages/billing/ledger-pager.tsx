/** The way through a ledger of which nobody knows how long it is. */
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { PAGE_SIZES, type ListState } from '@/components/data-table/list-state'
import { Button } from '@/design/button'
import { Select } from '@/design/field'
import { count } from '@/format/number'

interface LedgerPagerProps {
  state: ListState<never>
  shown: number
  more: boolean
  loading: boolean
}

export function LedgerPager({ state, shown, more, loading }: LedgerPagerProps) {
  const { page, per } = state
  const first = (page - 1) * per + 1
  const range = shown === 0 ? 'None' : `${count(first).exact}–${count(first + shown - 1).exact}`
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line py-2 pr-2 pl-4 text-xs text-faint">
      <p className="tabular-nums" aria-live="polite">
        {loading ? 'Loading…' : `${range}${more ? ', and older ones' : ''}`}
      </p>
      <div className="flex items-center gap-2">
        <Select
          aria-label="Rows per page"
          className="h-7 w-auto text-xs"
          value={String(per)}
          onChange={(value) => state.set({ per: Number(value) })}
          options={PAGE_SIZES.map((size) => ({ value: String(size), label: `${size} rows` }))}
        />
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Newer"
          disabled={page <= 1}
          onClick={() => state.set({ page: page - 1 })}
        >
          <ChevronLeft aria-hidden />
        </Button>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label="Older"
          disabled={!more}
          onClick={() => state.set({ page: page + 1 })}
        >
          <ChevronRight aria-hidden />
        </Button>
      </div>
    </div>
  )
}

import { Check } from 'lucide-react'
import { memo } from 'react'
import { cn } from '@/design/class-names'
import { LineMenu } from './line-menu'
import type { Line, Model } from './matrix-queries'
import { EVERYONE, type Group } from './queries'

export interface MatrixRowProps {
  row: number
  model: Model
  groups: readonly Group[]
  /** The column whose cell Tab leads to, if it is in this row. */
  current: number | undefined
  search: string
  onToggle: ((model: Model, group: Group, granted: boolean) => void) | undefined
  onLine: ((line: Line) => void) | undefined
}

/** Drawn anew only if the row itself changes: there are thousands of cells. */
export const MatrixRow = memo(function MatrixRow(props: MatrixRowProps) {
  const { row, model, groups, current, search, onToggle, onLine } = props
  const granted = new Set(model.groups?.map(({ id }) => id))
  const everybody = granted.has(EVERYONE)
  return (
    <tr className="group/row">
      <th
        scope="row"
        className="sticky left-0 z-10 w-40 max-w-40 min-w-40 border-t border-r border-line bg-surface p-0 text-left font-normal group-hover/row:bg-hover sm:w-64 sm:max-w-64 sm:min-w-64"
      >
        <LineMenu
          name={model.alias}
          of="groups"
          id={model.id}
          search={search}
          place={{ row, column: -1 }}
          current={current === -1}
          onLine={onLine}
          className="h-9 w-full justify-between px-3"
        />
      </th>
      {groups.map((group, column) => {
        const on = granted.has(group.id)
        const through = !on && everybody
        return (
          <td key={group.id} className="border-t border-line bg-surface p-0 group-hover/row:bg-hover">
            <button
              type="button"
              role="checkbox"
              aria-checked={on}
              aria-label={`${model.alias} for ${group.name}${through ? ', which may use it through Everyone' : ''}`}
              aria-disabled={onToggle === undefined}
              data-place={`${row} ${column}`}
              tabIndex={current === column ? 0 : -1}
              onClick={() => onToggle?.(model, group, !on)}
              className="group/cell flex h-9 w-11 items-center justify-center focus-visible:outline-offset-[-3px]"
            >
              <span
                className={cn(
                  'flex size-5 items-center justify-center rounded-sm border',
                  on
                    ? 'border-solid bg-solid text-solid-ink'
                    : 'border-line-strong text-transparent group-hover/cell:border-ink',
                  through && 'border-dashed text-faint',
                )}
              >
                <Check className="size-3.5" strokeWidth={3} aria-hidden />
              </span>
            </button>
          </td>
        )
      })}
      <td className="w-full border-t border-line bg-surface group-hover/row:bg-hover" />
    </tr>
  )
})

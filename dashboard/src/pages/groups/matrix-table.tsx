import { useCallback, useState, type FocusEvent, type KeyboardEvent } from 'react'
import { kept, moved, type Place } from './grid-focus'
import { LineMenu } from './line-menu'
import type { Line, Model } from './matrix-queries'
import { MatrixRow } from './matrix-row'
import type { Group } from './queries'

interface MatrixTableProps {
  models: readonly Model[]
  groups: readonly Group[]
  modelSearch: string
  groupSearch: string
  onToggle: ((model: Model, group: Group, granted: boolean) => void) | undefined
  onLine: ((line: Line) => void) | undefined
}

/** One stop for Tab; within it arrow keys lead from cell to cell. Its heads stay in sight. */
export function MatrixTable({
  models,
  groups,
  modelSearch,
  groupSearch,
  onToggle,
  onLine,
}: MatrixTableProps) {
  const [place, setPlace] = useState<Place>({ row: 0, column: 0 })
  const size = { rows: models.length, columns: groups.length }
  const current = kept(place, size)
  const follow = useCallback((event: FocusEvent) => {
    const at = placeOf(event.target)
    if (at !== undefined) setPlace(at)
  }, [])
  const move = (event: KeyboardEvent<HTMLTableElement>) => {
    // Menus are outside of the table, but their events come by here.
    if (!(event.target instanceof Element) || !event.currentTarget.contains(event.target)) return
    const from = placeOf(event.target)
    if (from === undefined) return
    const to = moved(from, event.key, event.ctrlKey || event.metaKey, size)
    if (to === undefined && !event.key.startsWith('Arrow')) return
    event.preventDefault()
    event.stopPropagation()
    if (to !== undefined) {
      event.currentTarget.querySelector<HTMLElement>(`[data-place="${to.row} ${to.column}"]`)?.focus()
    }
  }
  return (
    <div className="max-h-[calc(100dvh-17rem)] min-h-72 scroll-pt-36 scroll-pl-40 overflow-auto sm:scroll-pl-64">
      <table
        // eslint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- as ARIA's practices do
        role="grid"
        aria-label="Groups and models"
        className="w-full border-separate border-spacing-0 text-sm"
        onFocus={follow}
        onKeyDownCapture={move}
      >
        <thead>
          <tr>
            <td className="sticky top-0 left-0 z-30 border-r border-line bg-sunken px-3 pb-2 align-bottom text-xs text-faint">
              Model
            </td>
            {groups.map((group, column) => (
              <th
                key={group.id}
                scope="col"
                className="sticky top-0 z-20 bg-sunken p-0 align-bottom font-normal"
              >
                <LineMenu
                  name={group.name}
                  of="models"
                  id={group.id}
                  search={modelSearch}
                  place={{ row: -1, column }}
                  current={current.row === -1 && current.column === column}
                  onLine={onLine}
                  className="h-36 w-11 flex-col justify-end pb-2"
                  upright
                />
              </th>
            ))}
            <td className="sticky top-0 z-20 w-full bg-sunken" />
          </tr>
        </thead>
        <tbody>
          {models.map((model, row) => (
            <MatrixRow
              key={model.id}
              row={row}
              model={model}
              groups={groups}
              current={current.row === row ? current.column : undefined}
              search={groupSearch}
              onToggle={onToggle}
              onLine={onLine}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function placeOf(target: EventTarget): Place | undefined {
  const at =
    target instanceof Element ? target.closest<HTMLElement>('[data-place]')?.dataset.place : undefined
  const [row, column] = at?.split(' ').map(Number) ?? []
  return row === undefined || column === undefined ? undefined : { row, column }
}

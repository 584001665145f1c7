import { ChevronDown } from 'lucide-react'
import { cn } from '@/design/class-names'
import { Menu, MenuItem, MenuLabel } from '@/design/menu'
import type { Place } from './grid-focus'
import type { Line } from './matrix-queries'

interface LineMenuProps extends Pick<Line, 'name' | 'of' | 'id' | 'search'> {
  place: Place
  /** Whether Tab leads to it. */
  current: boolean
  onLine: ((line: Line) => void) | undefined
  className: string
  /** Written from the bottom to the top. */
  upright?: boolean
}

/** The name of a row or a column, and what can be done to all of it. */
export function LineMenu({
  name,
  of,
  id,
  search,
  place,
  current,
  onLine,
  className,
  upright,
}: LineMenuProps) {
  const shared = {
    'data-place': `${place.row} ${place.column}`,
    tabIndex: current ? 0 : -1,
    title: name,
  }
  const text = (
    <span
      className={cn(
        'min-w-0 truncate font-medium',
        upright === true && 'max-h-30 rotate-180 [writing-mode:vertical-rl]',
      )}
    >
      {name}
    </span>
  )
  const classes = cn('flex items-center gap-1 focus-visible:outline-offset-[-3px]', className)
  if (onLine === undefined) {
    return (
      <span {...shared} className={classes}>
        {text}
      </span>
    )
  }
  const found = search === '' ? `every ${of === 'models' ? 'model' : 'group'}` : `all ${of} found`
  const line = { name, of, id, search }
  return (
    <Menu
      align="start"
      className="max-w-80"
      trigger={
        <button
          type="button"
          {...shared}
          aria-label={`All of ${name}`}
          className={cn(classes, 'text-ink hover:bg-hover data-[state=open]:bg-hover')}
        >
          {text}
          <ChevronDown className="size-3.5 shrink-0 text-faint" aria-hidden />
        </button>
      }
    >
      <MenuLabel>{name}</MenuLabel>
      <MenuItem onSelect={() => onLine({ ...line, granted: true })}>
        {of === 'models' ? `Grant ${found}…` : `Grant to ${found}…`}
      </MenuItem>
      <MenuItem danger onSelect={() => onLine({ ...line, granted: false })}>
        {of === 'models' ? `Take ${found}…` : `Take from ${found}…`}
      </MenuItem>
    </Menu>
  )
}

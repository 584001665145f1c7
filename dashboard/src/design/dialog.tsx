/** What opens over the page: a dialog in the middle, a drawer at the side. Both hold the focus and give it back. */
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { Button } from './button'
import { cn } from './class-names'
import { asLayer, isPassedOn } from './top-layer'

interface OverlayProps {
  open: boolean
  onClose: () => void
  title: ReactNode
  description?: ReactNode
  children: ReactNode
  /** Stays beneath the content while it scrolls. */
  footer?: ReactNode
  /** Nothing but its own buttons closes it: what it shows is shown once. */
  insistent?: boolean
  /** It takes the place of another one: it is there at once. */
  follows?: boolean
  className?: string
}

const prevent = (event: Event) => event.preventDefault()

const FIELDS = 'input:enabled, textarea:enabled, [role=combobox]:enabled, [aria-haspopup=dialog]:enabled'
const CONTROLS = 'a[href], button:enabled:not([tabindex="-1"]), [tabindex="0"]'

/** Not the button that closes it: who opens a dialog wants to go on in it. */
function start(event: Event, among: readonly string[]) {
  const overlay = event.currentTarget as HTMLElement
  for (const selector of among) {
    const first = overlay.querySelector<HTMLElement>(`:scope > :not(header) :is(${selector})`)
    if (first === null) continue
    event.preventDefault()
    first.focus()
    return
  }
}

interface PlaceProps {
  place: string
  entrance: string
  /** Of what the first one has the focus when it opens; of these before those. */
  startsAt: readonly string[]
}

function Overlay({ className, place, entrance, startsAt, ...props }: OverlayProps & PlaceProps) {
  const enters = props.follows !== true
  const insisting = props.insistent === true ? { onEscapeKeyDown: prevent, onInteractOutside: prevent } : {}
  return (
    <Radix.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={cn('fixed inset-0 z-50 bg-shade', enters && 'animate-appear')} />
        <Radix.Content
          className={cn(
            'fixed z-50 flex flex-col bg-surface text-ink shadow-floating outline-none',
            place,
            enters && entrance,
            className,
          )}
          {...(props.description === undefined ? { 'aria-describedby': undefined } : {})}
          {...insisting}
          onOpenAutoFocus={(event) => start(event, startsAt)}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && isPassedOn(event.nativeEvent) && props.insistent !== true)
              props.onClose()
          }}
        >
          <header className="flex items-start gap-3 border-b border-line px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold tracking-tight">{props.title}</Radix.Title>
              {props.description !== undefined && (
                <Radix.Description className="mt-0.5 text-soft">{props.description}</Radix.Description>
              )}
            </div>
            {props.insistent !== true && (
              <Radix.Close asChild>
                <Button variant="ghost" size="icon-sm" aria-label="Close" className="-mr-1.5">
                  <X aria-hidden />
                </Button>
              </Radix.Close>
            )}
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{props.children}</div>
          {props.footer !== undefined && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-5 py-3">
              {props.footer}
            </footer>
          )}
          <div ref={asLayer} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function Dialog(props: OverlayProps) {
  return (
    <Overlay
      place="inset-x-3 top-[max(0.75rem,8vh)] mx-auto max-h-[84vh] max-w-lg rounded-xl border border-line"
      entrance="animate-rise"
      startsAt={[FIELDS, CONTROLS]}
      {...props}
    />
  )
}

/** The detail of a row, beside the list it is from. */
export function Drawer(props: OverlayProps) {
  return (
    <Overlay
      place="inset-y-0 right-0 w-full max-w-xl border-l border-line"
      entrance="animate-slide"
      startsAt={[CONTROLS]}
      {...props}
    />
  )
}

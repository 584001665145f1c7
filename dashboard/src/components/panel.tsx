/** A part of a page that stands for itself: a title, what it is about, and its content in a frame. */
import { useId, type ReactNode } from 'react'
import { cn } from '@/design/class-names'

interface PanelProps {
  title: string
  description?: ReactNode
  /** At the right of the title. */
  actions?: ReactNode
  /** Beneath the content, apart from it. */
  footer?: ReactNode
  /** The content reaches the frame: for tables. */
  flush?: boolean
  children?: ReactNode
}

export function Panel({ title, description, actions, footer, flush, children }: PanelProps) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className="overflow-hidden rounded-lg border border-line bg-surface shadow-raised"
    >
      <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-4 pt-3.5 pb-3">
        <div className="min-w-0 flex-1 basis-56">
          <h2 id={id} className="text-base font-medium">
            {title}
          </h2>
          {description !== undefined && <p className="mt-0.5 max-w-prose text-soft">{description}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children !== undefined && (
        <div className={cn(flush === true ? 'border-t border-line' : 'px-4 pb-4')}>{children}</div>
      )}
      {footer !== undefined && (
        <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line bg-sunken px-4 py-2.5">
          {footer}
        </footer>
      )}
    </section>
  )
}

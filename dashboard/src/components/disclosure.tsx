/** What is closed until somebody wants it. */
import { ChevronRight } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from '@/design/class-names'

interface DisclosureProps extends Omit<ComponentProps<'details'>, 'title'> {
  /** What is always in sight. */
  summary: ReactNode
  /** Of the line that is always in sight. */
  summaryClassName?: string
}

export function Disclosure({ summary, summaryClassName, children, ...rest }: DisclosureProps) {
  return (
    <details {...rest}>
      <summary
        className={cn(
          'flex cursor-pointer list-none items-center gap-1.5 [&::-webkit-details-marker]:hidden',
          summaryClassName,
        )}
      >
        <ChevronRight
          className="size-3.5 shrink-0 text-faint transition-transform [[open]>summary>&]:rotate-90"
          aria-hidden
        />
        {summary}
      </summary>
      {children}
    </details>
  )
}

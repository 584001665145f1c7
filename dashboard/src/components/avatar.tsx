import { initials } from '@/format/person'
import { cn } from '@/design/class-names'

/** A person at a glance: the initials of their name, which stands beside it. */
export function Avatar({ name, className }: { name: string; className?: string }) {
  return (
    <span
      aria-hidden
      className={cn(
        'inline-flex size-7 shrink-0 items-center justify-center rounded-full bg-selected text-xs font-semibold text-accent uppercase',
        className,
      )}
    >
      {initials(name)}
    </span>
  )
}

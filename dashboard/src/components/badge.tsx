import { cva, type VariantProps } from 'class-variance-authority'
import type { ReactNode } from 'react'
import { cn } from '@/design/class-names'

const badge = cva(
  'inline-flex h-5 items-center gap-1 rounded-sm px-1.5 text-xs font-medium whitespace-nowrap',
  {
    variants: {
      tone: {
        neutral: 'bg-sunken text-soft ring-1 ring-line ring-inset',
        good: 'bg-good-well text-good',
        warn: 'bg-warn-well text-warn',
        bad: 'bg-bad-well text-bad',
        note: 'bg-note-well text-accent',
      },
    },
    defaultVariants: { tone: 'neutral' },
  },
)

export type Tone = NonNullable<VariantProps<typeof badge>['tone']>

export function Badge({
  tone,
  children,
  className,
}: {
  tone?: Tone
  children: ReactNode
  className?: string
}) {
  return <span className={cn(badge({ tone }), className)}>{children}</span>
}

const DOT: Record<Tone, string> = {
  neutral: 'bg-line-strong',
  good: 'bg-good',
  warn: 'bg-warn',
  bad: 'bg-bad',
  note: 'bg-accent',
}

/** A state in a word; the dot's colour says nothing that the word does not. */
export function Status({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap text-soft">
      <span className={cn('size-1.5 shrink-0 rounded-full', DOT[tone])} aria-hidden />
      {children}
    </span>
  )
}

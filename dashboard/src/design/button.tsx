import { cva, type VariantProps } from 'class-variance-authority'
import { LoaderCircle } from 'lucide-react'
import { Slot } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './class-names'

const button = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:pointer-events-none disabled:opacity-50 aria-disabled:opacity-50 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary: 'bg-solid text-solid-ink hover:bg-solid-hover',
        secondary: 'border border-line-strong bg-surface text-ink shadow-raised hover:bg-hover',
        ghost: 'text-soft hover:bg-hover hover:text-ink',
        danger: 'bg-bad text-surface hover:bg-bad-hover',
        link: 'h-auto px-0 text-accent underline-offset-2 hover:underline',
      },
      size: {
        sm: 'h-7 px-2.5 text-xs [&_svg]:size-3.5',
        md: 'h-8 px-3 text-sm [&_svg]:size-4',
        lg: 'h-9 px-4 text-sm [&_svg]:size-4',
        icon: 'size-8 [&_svg]:size-4',
        'icon-sm': 'size-7 [&_svg]:size-4',
      },
    },
    defaultVariants: { variant: 'secondary', size: 'md' },
  },
)

export interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof button> {
  /** The child becomes the button: for links that look like one. */
  asChild?: boolean
  /** Under way: shown, and not to be pressed again. */
  busy?: boolean
}

export function Button({
  className,
  variant,
  size,
  asChild,
  busy,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  const classes = cn(button({ variant, size }), className)
  if (asChild === true) {
    return (
      <Slot.Root className={classes} {...rest}>
        {children}
      </Slot.Root>
    )
  }
  return (
    <button
      type="button"
      className={classes}
      disabled={disabled === true || busy === true}
      aria-busy={busy}
      {...rest}
    >
      {busy === true && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  )
}

import { Tabs as Radix, ToggleGroup } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './class-names'

export const Tabs = Radix.Root

export function TabList({ className, ...rest }: ComponentProps<typeof Radix.List>) {
  return <Radix.List className={cn('flex gap-4 overflow-x-auto border-b border-line', className)} {...rest} />
}

export function Tab({ className, ...rest }: ComponentProps<typeof Radix.Trigger>) {
  return (
    <Radix.Trigger
      className={cn(
        '-mb-px h-8 border-b-2 border-transparent text-sm whitespace-nowrap text-soft hover:text-ink focus-visible:outline-offset-[-2px] data-[state=active]:border-ink data-[state=active]:font-medium data-[state=active]:text-ink',
        className,
      )}
      {...rest}
    />
  )
}

export const TabPanel = Radix.Content

interface SegmentsProps<Value extends string> {
  value: Value
  onChange: (value: Value) => void
  options: readonly { value: Value; label: string; icon?: ReactNode }[]
  label: string
  /** Only icons, with their labels for those who cannot see them. */
  compact?: boolean
}

/** One of a few, all in sight. */
export function Segments<Value extends string>({
  value,
  onChange,
  options,
  label,
  compact,
}: SegmentsProps<Value>) {
  return (
    <ToggleGroup.Root
      type="single"
      value={value}
      onValueChange={(next) => {
        const option = options.find((each) => each.value === next)
        if (option !== undefined) onChange(option.value)
      }}
      aria-label={label}
      className="inline-flex h-8 shrink-0 items-center rounded-md border border-line-strong bg-sunken p-0.5"
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          aria-label={option.label}
          className="inline-flex h-6.5 items-center gap-1.5 rounded-sm px-2 text-xs font-medium text-soft hover:text-ink data-[state=on]:bg-thumb data-[state=on]:text-ink data-[state=on]:shadow-raised [&_svg]:size-3.5"
        >
          {option.icon}
          {compact !== true && option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}

import { DropdownMenu, Popover as RadixPopover, Tooltip as RadixTooltip } from 'radix-ui'
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { cn } from './class-names'

const PANEL = 'z-60 animate-rise rounded-lg border border-line bg-surface text-ink shadow-floating'

interface MenuProps {
  /** One element that takes a ref, such as a `Button`. */
  trigger: ReactElement
  children: ReactNode
  align?: 'start' | 'end' | 'center'
  side?: 'top' | 'bottom' | 'right'
  className?: string
}

export function Menu({ trigger, children, align = 'end', side = 'bottom', className }: MenuProps) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={cn(PANEL, 'min-w-44 p-1', className)}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

const ITEM =
  'flex h-8 items-center gap-2 rounded-md px-2 text-sm outline-none select-none cursor-pointer data-[highlighted]:bg-hover data-[disabled]:opacity-50 [&_svg]:size-4 [&_svg]:text-faint'

export function MenuItem({
  className,
  danger,
  ...rest
}: ComponentProps<typeof DropdownMenu.Item> & { danger?: boolean }) {
  return (
    <DropdownMenu.Item
      className={cn(
        ITEM,
        danger === true && 'text-bad [&_svg]:text-bad data-[highlighted]:bg-bad-well',
        className,
      )}
      {...rest}
    />
  )
}

export function MenuLabel(props: ComponentProps<typeof DropdownMenu.Label>) {
  return <DropdownMenu.Label className="px-2 py-1.5 text-xs text-faint" {...props} />
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="-mx-1 my-1 h-px bg-line" />
}

interface PopoverProps extends MenuProps {
  /** For those that close themselves; without them it opens and closes by its trigger. */
  open?: boolean
  onOpenChange?: (open: boolean) => void
  /** What it is for, for those who cannot see it. */
  label?: string
}

export function Popover({ trigger, children, align = 'start', className, label, ...control }: PopoverProps) {
  return (
    <RadixPopover.Root {...control}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className={cn(PANEL, 'w-64 outline-none', className)}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  )
}

/** Around what ends the choice. */
export const PopoverClose = RadixPopover.Close

/** The exact value behind a readable one, or what an icon does. Also on keyboard focus. */
export function Tooltip({ label, children }: { label: ReactNode; children: ReactElement }) {
  return (
    <RadixTooltip.Root>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal>
        <RadixTooltip.Content
          sideOffset={4}
          collisionPadding={8}
          className="z-70 max-w-xs animate-appear rounded-md bg-solid px-2 py-1 text-xs text-solid-ink tabular-nums"
        >
          {label}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  )
}

export const TooltipProvider = RadixTooltip.Provider

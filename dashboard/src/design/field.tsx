/** The controls of forms. `FormField` in `components/` gives them labels and errors. */
import { Check, ChevronDown, Minus } from 'lucide-react'
import { Checkbox as RadixCheckbox, Select as RadixSelect, Switch as RadixSwitch } from 'radix-ui'
import { useState, type ComponentProps, type ReactNode } from 'react'
import { cn } from './class-names'
import { styleNonce } from './style-nonce'

const FIELD =
  'h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink shadow-raised transition-colors placeholder:text-faint focus-visible:border-accent focus-visible:outline-offset-0 focus-visible:outline-accent/30 disabled:opacity-60 aria-invalid:border-bad aria-invalid:focus-visible:outline-bad/30'

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cn(FIELD, className)} {...rest} />
}

/** Grows with what is written in it, as far as its `max-h-…` lets it. */
export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cn(FIELD, 'block field-sizing-content h-auto min-h-16 resize-none py-1.5', className)}
      {...rest}
    />
  )
}

export interface Option {
  value: string
  label: ReactNode
}

interface SelectProps {
  value: string
  onChange: (value: string) => void
  options: readonly Option[]
  id?: string | undefined
  className?: string
  placeholder?: string
  'aria-label'?: string
  'aria-describedby'?: string | undefined
  'aria-invalid'?: boolean | undefined
}

export function Select({ value, onChange, options, className, placeholder, ...rest }: SelectProps) {
  // Options are made when somebody comes near: a list of a hundred would delay the page it stands on.
  const [near, setNear] = useState(false)
  return (
    <RadixSelect.Root value={value} onValueChange={onChange} onOpenChange={() => setNear(true)}>
      <RadixSelect.Trigger
        onFocus={() => setNear(true)}
        className={cn(FIELD, 'inline-flex items-center justify-between gap-2 text-left', className)}
        {...rest}
      >
        <span className="truncate">
          <RadixSelect.Value placeholder={placeholder}>
            {options.find((option) => option.value === value)?.label}
          </RadixSelect.Value>
        </span>
        <ChevronDown className="size-3.5 shrink-0 text-faint" aria-hidden />
      </RadixSelect.Trigger>
      <RadixSelect.Portal>
        <RadixSelect.Content
          position="popper"
          sideOffset={4}
          className="z-60 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) animate-rise overflow-hidden rounded-lg border border-line bg-surface p-1 shadow-floating"
        >
          <RadixSelect.Viewport nonce={styleNonce}>
            {near &&
              options.map((option) => (
                <RadixSelect.Item
                  key={option.value}
                  value={option.value}
                  className="flex h-8 items-center justify-between gap-4 rounded-md px-2 text-sm outline-none select-none data-[highlighted]:bg-hover"
                >
                  <RadixSelect.ItemText>{option.label}</RadixSelect.ItemText>
                  <RadixSelect.ItemIndicator>
                    <Check className="size-3.5" aria-hidden />
                  </RadixSelect.ItemIndicator>
                </RadixSelect.Item>
              ))}
          </RadixSelect.Viewport>
        </RadixSelect.Content>
      </RadixSelect.Portal>
    </RadixSelect.Root>
  )
}

export function Checkbox({ className, ...rest }: ComponentProps<typeof RadixCheckbox.Root>) {
  return (
    <RadixCheckbox.Root
      className={cn(
        'inline-flex size-4 shrink-0 items-center justify-center rounded-sm border border-line-strong bg-surface text-solid-ink data-[state=checked]:border-solid data-[state=checked]:bg-solid data-[state=indeterminate]:border-solid data-[state=indeterminate]:bg-solid',
        className,
      )}
      {...rest}
    >
      <RadixCheckbox.Indicator>
        {rest.checked === 'indeterminate' ? (
          <Minus className="size-3" strokeWidth={3} aria-hidden />
        ) : (
          <Check className="size-3" strokeWidth={3} aria-hidden />
        )}
      </RadixCheckbox.Indicator>
    </RadixCheckbox.Root>
  )
}

export function Switch({ className, ...rest }: ComponentProps<typeof RadixSwitch.Root>) {
  return (
    <RadixSwitch.Root
      className={cn(
        'inline-flex h-4.5 w-8 shrink-0 items-center rounded-full bg-line-strong p-0.5 transition-colors data-[state=checked]:bg-solid',
        className,
      )}
      {...rest}
    >
      <RadixSwitch.Thumb className="size-3.5 rounded-full bg-surface shadow-raised transition-transform data-[state=checked]:translate-x-3.5" />
    </RadixSwitch.Root>
  )
}

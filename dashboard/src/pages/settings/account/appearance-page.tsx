import { Check, Monitor, Moon, Sun } from 'lucide-react'
import { Panel } from '@/components/panel'
import { cn } from '@/design/class-names'
import { chooseTheme, useTheme } from '@/design/theme'
import { Sheet } from '../sheet'

const THEMES = [
  { value: 'system', name: 'As the system', note: 'Follows your computer by day and night.', Icon: Monitor },
  { value: 'light', name: 'Light', note: 'Dark on white, whatever the hour.', Icon: Sun },
  { value: 'dark', name: 'Dark', note: 'Light on black, easy at night.', Icon: Moon },
] as const

export function AppearancePage() {
  const { choice } = useTheme()
  return (
    <Sheet title="Appearance" description="How the dashboard looks in this browser.">
      <Panel title="Theme">
        <div role="radiogroup" aria-label="Theme" className="grid gap-3 sm:grid-cols-3">
          {THEMES.map(({ value, name, note, Icon }) => (
            <label
              key={value}
              className={cn(
                'relative cursor-pointer rounded-lg border p-3 has-focus-visible:outline-2 has-focus-visible:outline-accent',
                choice === value ? 'border-accent bg-selected' : 'border-line hover:bg-hover',
              )}
            >
              <input
                type="radio"
                name="theme"
                className="sr-only"
                aria-label={name}
                checked={choice === value}
                onChange={() => chooseTheme(value)}
              />
              <span className="flex items-center gap-2 font-medium">
                <Icon className="size-4 text-soft" aria-hidden /> {name}
                {choice === value && <Check className="ml-auto size-4 text-accent" aria-hidden />}
              </span>
              <span className="mt-1 block text-xs text-soft">{note}</span>
            </label>
          ))}
        </div>
      </Panel>
    </Sheet>
  )
}

import { useNavigate } from '@tanstack/react-router'
import { ChevronsUpDown, ListChecks, LogOut, Monitor, Moon, Sun } from 'lucide-react'
import { sayProblem } from '@/components/toast'
import { cn } from '@/design/class-names'
import { Menu, MenuItem, MenuLabel, MenuSeparator } from '@/design/menu'
import { Segments } from '@/design/tabs'
import { chooseTheme, useTheme } from '@/design/theme'
import { mayDoFirstRun } from '@/pages/first-run/queries'
import { signOut, useUser } from '@/session/session'

const THEMES = [
  { value: 'system', label: 'As the system', icon: <Monitor aria-hidden /> },
  { value: 'light', label: 'Light', icon: <Sun aria-hidden /> },
  { value: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
] as const

export function useSignOut() {
  const navigate = useNavigate()
  return () => {
    signOut()
      .then(() => navigate({ to: '/login' }))
      .catch(sayProblem)
  }
}

export function UserMenu({ narrow }: { narrow: boolean }) {
  const user = useUser()
  const { choice } = useTheme()
  const leave = useSignOut()
  const navigate = useNavigate()
  const name = user.display_name ?? user.username
  return (
    <Menu
      align="start"
      side="top"
      className="w-56"
      trigger={
        <button
          type="button"
          aria-label={narrow ? `Account of ${name}` : undefined}
          className={cn(
            'flex w-full items-center gap-2.5 rounded-md py-1 text-left hover:bg-hover',
            narrow ? 'justify-center' : 'px-2',
          )}
        >
          <span
            aria-hidden
            className="flex size-7 shrink-0 items-center justify-center rounded-full bg-selected text-xs font-semibold text-accent uppercase"
          >
            {name.slice(0, 1)}
          </span>
          {!narrow && (
            <>
              <span className="min-w-0 flex-1 leading-4">
                <span className="sr-only">Account of </span>
                <span className="block truncate font-medium">{name}</span>
                <span className="block truncate text-xs text-faint">{user.email}</span>
              </span>
              <ChevronsUpDown className="size-3.5 text-faint" aria-hidden />
            </>
          )}
        </button>
      }
    >
      <MenuLabel className="truncate px-2 py-1.5 text-xs text-faint">Signed in as {user.email}</MenuLabel>
      <div className="flex items-center justify-between px-2 py-1">
        <span>Theme</span>
        <Segments compact label="Theme" value={choice} onChange={chooseTheme} options={THEMES} />
      </div>
      <MenuSeparator />
      {mayDoFirstRun(user) && (
        <MenuItem onSelect={() => void navigate({ to: '/first-run' })}>
          <ListChecks aria-hidden /> First steps
        </MenuItem>
      )}
      <MenuItem onSelect={leave}>
        <LogOut aria-hidden /> Sign out
      </MenuItem>
    </Menu>
  )
}

/** What the palette does by itself. */
import { useNavigate } from '@tanstack/react-router'
import { Coins, ListChecks, LogOut, Moon, Plug, Plus, Sun, UserPlus, type LucideIcon } from 'lucide-react'
import { chooseTheme, useTheme } from '@/design/theme'
import { useCan } from '@/session/session'
import { useSignOut } from '../user-menu'
import type { Entry } from './match'

export interface Action extends Entry {
  icon: LucideIcon
  act: () => unknown
}

/** Those that the caller may do. */
export function useActions(): Action[] {
  const can = useCan()
  const navigate = useNavigate()
  const { dark } = useTheme()
  const leave = useSignOut()
  const connecting: Action[] = [
    {
      name: 'Connect a provider',
      keywords: ['endpoint', 'upstream'],
      icon: Plug,
      act: () => navigate({ to: '/endpoints', search: { connect: 'yes' } }),
    },
    {
      name: 'First steps',
      keywords: ['run', 'setup', 'onboarding'],
      icon: ListChecks,
      act: () => navigate({ to: '/first-run' }),
    },
  ]
  return [
    ...(can('Create', 'Endpoints') ? connecting : []),
    ...(can('Create', 'ApiKeys', 'own')
      ? [
          {
            name: 'Create an API key',
            keywords: ['new', 'token'],
            icon: Plus,
            act: () => navigate({ to: '/api-keys', search: { create: 'yes' } }),
          },
        ]
      : []),
    ...(can('Create', 'Users')
      ? [
          {
            name: 'Create a user',
            keywords: ['new', 'invite', 'person', 'account'],
            icon: UserPlus,
            act: () => navigate({ to: '/users', search: { create: 'yes' } }),
          },
        ]
      : []),
    ...(can('Create', 'Credits')
      ? [
          {
            name: 'Give or take credits',
            keywords: ['grant', 'money', 'balance'],
            icon: Coins,
            act: () => navigate({ to: '/billing', search: { create: 'yes' } }),
          },
        ]
      : []),
    {
      name: dark ? 'Switch to the light theme' : 'Switch to the dark theme',
      keywords: ['appearance', 'mode'],
      icon: dark ? Sun : Moon,
      act: () => chooseTheme(dark ? 'light' : 'dark'),
    },
    { name: 'Sign out', keywords: ['log', 'leave'], icon: LogOut, act: leave },
  ]
}

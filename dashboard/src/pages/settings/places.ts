/** The pages of the settings, and who sees them. */
import type { Can } from '@/session/session'

export interface SettingsPlace {
  to:
    | '/settings/profile'
    | '/settings/security'
    | '/settings/appearance'
    | '/settings/notifications'
    | '/settings/webhooks'
    | '/settings/instance'
    | '/settings/sign-in'
    | '/settings/mail'
    | '/settings/privacy'
    | '/settings/guardrails'
    | '/settings/rate-limits'
    | '/settings/audit'
  name: string
  /** Words that people look for it by. */
  keywords: readonly string[]
  visible: (can: Can) => boolean
}

interface SettingsSection {
  name: string
  places: readonly SettingsPlace[]
}

const everybody = () => true
const ofTheSystem = (can: Can) => can('Read', 'System')

export const SETTINGS: readonly SettingsSection[] = [
  {
    name: 'Your account',
    places: [
      { to: '/settings/profile', name: 'Profile', keywords: ['name', 'account'], visible: everybody },
      {
        to: '/settings/security',
        name: 'Password & sessions',
        keywords: ['security', 'sign out', 'devices'],
        visible: everybody,
      },
      {
        to: '/settings/appearance',
        name: 'Appearance',
        keywords: ['theme', 'dark', 'light'],
        visible: everybody,
      },
      {
        to: '/settings/notifications',
        name: 'Notifications',
        keywords: ['mail', 'low balance'],
        visible: everybody,
      },
      {
        to: '/settings/webhooks',
        name: 'Webhooks',
        keywords: ['events', 'deliveries', 'hooks'],
        visible: (can) => can('Read', 'Webhooks', 'own'),
      },
    ],
  },
  {
    name: 'Administration',
    places: [
      {
        to: '/settings/instance',
        name: 'Instance',
        keywords: ['overview', 'version', 'region'],
        visible: ofTheSystem,
      },
      {
        to: '/settings/sign-in',
        name: 'Sign-in',
        keywords: ['sso', 'oidc', 'scim', 'proxy', 'registration'],
        visible: ofTheSystem,
      },
      { to: '/settings/mail', name: 'E-mail', keywords: ['smtp', 'test mail'], visible: ofTheSystem },
      {
        to: '/settings/privacy',
        name: 'Data & privacy',
        keywords: ['retention', 'redaction'],
        visible: ofTheSystem,
      },
      {
        to: '/settings/guardrails',
        name: 'Guardrails',
        keywords: ['policies', 'block', 'moderation'],
        visible: (can) => can('Read', 'Models'),
      },
      {
        to: '/settings/rate-limits',
        name: 'Rate limits',
        keywords: ['concurrency', 'quota', 'tokens per minute', 'session minutes'],
        visible: (can) => can('Read', 'Credits'),
      },
      {
        to: '/settings/audit',
        name: 'Audit log',
        keywords: ['changes', 'history', 'who'],
        visible: ofTheSystem,
      },
    ],
  },
]

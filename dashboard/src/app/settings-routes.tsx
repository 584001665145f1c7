/** The addresses of the settings. */
import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { listSearch } from '@/components/data-table/list-state'
import { AUDIT_LIST } from '@/pages/settings/audit/list-spec'
import { RATE_LIMITS_LIST } from '@/pages/settings/rate-limits/list-spec'
import { WEBHOOKS_LIST } from '@/pages/settings/webhooks/list-spec'
import { needs, shell } from './entrances'

export const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('@/pages/settings/layout'), 'SettingsLayout'),
})

export const settingsPages = [
  createRoute({
    getParentRoute: () => settings,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/settings/profile', replace: true })
    },
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/profile',
    component: lazyRouteComponent(() => import('@/pages/settings/account/profile-page'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/security',
    component: lazyRouteComponent(() => import('@/pages/settings/account/security-page'), 'SecurityPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/appearance',
    component: lazyRouteComponent(() => import('@/pages/settings/account/appearance-page'), 'AppearancePage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/notifications',
    component: lazyRouteComponent(
      () => import('@/pages/settings/account/notifications-page'),
      'NotificationsPage',
    ),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/webhooks',
    validateSearch: listSearch(WEBHOOKS_LIST),
    beforeLoad: () => needs('Read', 'Webhooks', 'own'),
    component: lazyRouteComponent(() => import('@/pages/settings/webhooks/page'), 'WebhooksPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/instance',
    beforeLoad: () => needs('Read', 'System'),
    component: lazyRouteComponent(() => import('@/pages/settings/instance/instance-page'), 'InstancePage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/sign-in',
    beforeLoad: () => needs('Read', 'System'),
    component: lazyRouteComponent(() => import('@/pages/settings/instance/sign-in-page'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/mail',
    beforeLoad: () => needs('Read', 'System'),
    component: lazyRouteComponent(() => import('@/pages/settings/instance/mail-page'), 'MailPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/privacy',
    beforeLoad: () => needs('Read', 'System'),
    component: lazyRouteComponent(() => import('@/pages/settings/privacy/page'), 'PrivacyPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/guardrails',
    beforeLoad: () => needs('Read', 'Models'),
    component: lazyRouteComponent(() => import('@/pages/settings/guardrails/page'), 'GuardrailsPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/rate-limits',
    validateSearch: listSearch(RATE_LIMITS_LIST),
    beforeLoad: () => needs('Read', 'Credits'),
    component: lazyRouteComponent(() => import('@/pages/settings/rate-limits/page'), 'RateLimitsPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/audit',
    validateSearch: listSearch(AUDIT_LIST),
    beforeLoad: () => needs('Read', 'System'),
    component: lazyRouteComponent(() => import('@/pages/settings/audit/page'), 'AuditPage'),
  }),
] as const

/** The settings, for what must hold on each of their pages. */
import type { Page } from 'playwright-core'
import { dialog, firstRow, type PageUnderTest } from './opening'

export const SETTINGS_PAGES: readonly PageUnderTest[] = [
  ...(
    [
      'profile',
      'security',
      'appearance',
      'notifications',
      'webhooks',
      'instance',
      'sign-in',
      'mail',
      'privacy',
      'guardrails',
      'rate-limits',
      'audit',
    ] as const
  ).map((part) => ({ name: `settings-${part}`, path: `/settings/${part}`, inside: true })),
  {
    name: 'settings-audit-entry',
    path: '/settings/audit?resource=users',
    inside: true,
    open: firstRow,
  },
  ...(
    [
      ['webhooks', 'Create webhook'],
      ['privacy', 'Create rule'],
      ['guardrails', 'Create guardrail'],
      ['rate-limits', 'Create limit'],
    ] as const
  ).map(([part, button]) => ({
    name: `settings-${part}-create`,
    path: `/settings/${part}`,
    inside: true,
    open: async (page: Page) => {
      await page.getByRole('button', { name: button }).first().click()
      await dialog(page)
    },
  })),
]

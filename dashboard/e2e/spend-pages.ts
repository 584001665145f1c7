/** The pages about keys that are there, usage and money. */
import type { Page } from 'playwright-core'
import { unique } from './management'
import { dialog, drawn, type PageUnderTest } from './opening'

/** Of the first key, where there is one. */
async function editKey(page: Page) {
  const empty = page.getByText('No keys yet')
  const actions = page.getByRole('button', { name: /^Actions for/ })
  await actions.or(empty).first().waitFor()
  if (await empty.isVisible()) return
  await actions.first().click()
  await page.getByRole('menuitem', { name: 'Edit…' }).click()
  await dialog(page)
}

export const SPEND_PAGES: readonly PageUnderTest[] = [
  {
    name: 'api-keys-created',
    path: '/api-keys?create=yes',
    inside: true,
    open: async (page) => {
      await page.getByLabel('Name').fill(unique('nightly report'))
      await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
      await page.getByTestId('secret').waitFor()
    },
  },
  { name: 'api-keys-edit', path: '/api-keys', inside: true, open: editKey },
  { name: 'usage', path: '/usage', inside: true, open: drawn },
  { name: 'usage-days', path: '/usage?range=30d&by=day', inside: true, open: drawn },
  { name: 'usage-nothing', path: '/usage?range=last-month&q=no-such-model', inside: true },
  { name: 'budgets', path: '/usage?view=budgets', inside: true },
  { name: 'budgets-create', path: '/usage?view=budgets&create=yes', inside: true, open: dialog },
  { name: 'alerts', path: '/usage?view=alerts&state=all', inside: true },
  { name: 'billing', path: '/billing', inside: true },
  { name: 'billing-all', path: '/billing?account=all', inside: true },
  { name: 'billing-create', path: '/billing?create=yes', inside: true, open: dialog },
]

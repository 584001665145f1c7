/** How what holds on every page is opened before one looks. */
import type { Page } from 'playwright-core'

export interface PageUnderTest {
  name: string
  path: string
  /** Whether somebody must be signed in. */
  inside: boolean
  /** What is done before one looks. */
  open?: (page: Page) => Promise<void>
}

export const ready = (page: Page) => page.waitForLoadState('networkidle')

export async function dialog(page: Page) {
  await page.getByRole('dialog').waitFor()
}

/** The drawer of the first row of a list. */
export async function firstRow(page: Page) {
  await page.getByRole('row').nth(1).getByRole('cell').first().click()
  await dialog(page)
  await ready(page)
}

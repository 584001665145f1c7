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
  const cells = page.getByRole('row').nth(1).getByRole('cell')
  await cells
    .filter({ hasNot: page.getByRole('checkbox') })
    .first()
    .click()
  await dialog(page)
  await ready(page)
}

/** Its chart, or that there is nothing to draw. */
export async function drawn(page: Page) {
  const empty = page.getByText('Nothing in this time.')
  await page.locator('main svg[data-chart]').or(empty).first().waitFor()
}

export async function visit(page: Page, { path, open }: PageUnderTest) {
  await page.goto(path)
  await ready(page)
  await open?.(page)
  await settled(page)
}

/** Nothing still stands for what is to come, and whatever slides, fades or changes its colour has done so. */
export async function settled(page: Page) {
  await page.waitForFunction(() => document.querySelector('[data-skeleton]') === null)
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(resolve))
    await new Promise((resolve) => requestAnimationFrame(resolve))
    const moving = document
      .getAnimations()
      .filter((each) => each.effect?.getComputedTiming().iterations !== Infinity)
      .map((each) => each.finished.catch(() => undefined)) // cancelled: gone with what it moved
    // One that was replaced before it was drawn never ends.
    await Promise.race([Promise.all(moving), new Promise((resolve) => setTimeout(resolve, 1000))])
  })
}

/** A key made without a mouse: only Tab, Enter, arrows and letters, and the focus is always in sight. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { registered, useBrowser } from './browser'

useBrowser()

const MOST_STEPS = 80

interface Focus {
  name: string
  /** Whether anybody can see that it is here. */
  shown: boolean
}

/** What has the focus. Its ring is the element's own, or its border has changed colour beside others of its kind. */
function focus(page: Page): Promise<Focus> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement) || element === document.body) return { name: '', shown: false }
    const { outlineStyle, outlineWidth } = getComputedStyle(element)
    const { width, height, top, left } = element.getBoundingClientRect()
    const label = element.id === '' ? null : document.querySelector(`label[for="${CSS.escape(element.id)}"]`)
    const name = element.getAttribute('aria-label') ?? label?.textContent ?? element.textContent
    const ringed = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0
    const inSight = width > 0 && height > 0 && top < innerHeight && left < innerWidth && top + height > 0
    return { name: name.trim(), shown: ringed && inSight }
  })
}

/** Goes on with Tab until something of this name has the focus. */
async function tabTo(page: Page, name: string) {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { name: here, shown } = await focus(page)
    if (here !== '') expect(shown, `the focus on “${here}” is to be seen`).toBe(true)
    if (here.startsWith(name)) return
    await page.keyboard.press('Tab')
  }
  expect.fail(`Tab does not lead to “${name}”`)
}

test('a key is created, stored and found by the keyboard alone', async () => {
  const page = await registered()
  await tabTo(page, 'API keys')
  await page.keyboard.press('Enter')
  await page.getByText('No keys yet').waitFor()
  await tabTo(page, 'Create key')
  await page.keyboard.press('Enter')
  const form = page.getByRole('dialog', { name: 'Create an API key' })
  await form.waitFor()
  await expect.poll(async () => (await focus(page)).name).toMatch(/^Name/)
  await page.keyboard.press('Enter')
  await form.getByText('A key needs a name.').waitFor()
  await page.keyboard.type('without a mouse')
  await tabTo(page, 'Expires')
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'In 30 days' }).waitFor()
  for (const option of ['Never', 'In 7 days', 'In 30 days']) {
    await expect.poll(async () => (await focus(page)).name).toBe(option)
    await page.keyboard.press(option === 'In 30 days' ? 'Enter' : 'ArrowDown')
  }
  await expect.poll(() => form.getByLabel('Expires').textContent()).toBe('In 30 days')
  await tabTo(page, 'Requests a second')
  await page.keyboard.type('5')
  await tabTo(page, 'Create key')
  await page.keyboard.press('Enter')

  const shown = page.getByRole('dialog', { name: 'Your new key' })
  const secret = (await shown.getByTestId('secret').textContent()) ?? ''
  await page.keyboard.press('Escape')
  expect(await shown.isVisible()).toBe(true)
  await tabTo(page, 'Copy')
  await page.keyboard.press('Enter')
  await shown.getByText('Copied').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret)
  await tabTo(page, 'I have stored it')
  await page.keyboard.press('Enter')
  await page.getByRole('cell', { name: 'without a mouse' }).first().waitFor()
  // The focus is given back, and the page's next things are reached from there.
  await tabTo(page, 'Actions for without a mouse')
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Edit…' }).waitFor()
  await page.keyboard.press('Escape')

  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Search' }).waitFor()
  await page.keyboard.type('create an')
  await page.keyboard.press('Enter')
  await form.waitFor()
})

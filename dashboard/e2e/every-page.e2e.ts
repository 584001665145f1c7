/** What holds on every page: nothing serious that axe finds, and room for everything on a telephone. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPage, signedIn, useBrowser } from './browser'
import { ready } from './opening'
import { settled, visit } from './opening'
import { WANTED } from './pages'

useBrowser()

const WIDE = { width: 1360, height: 860 }
const NARROW = { width: 390, height: 844 }

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that may see another theme differently. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block']

/** There are many pages, and the machine may be busy. */
const timeout = 8_000 * WANTED.length

/** `only` by these rules; by all that axe takes for standards, unless it is said which. */
async function findings(page: Page, only?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  const results = await page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: { run: (options: RunOptions) => Promise<AxeResults> } }
    const options: RunOptions = { resultTypes: ['violations'] }
    if (only !== undefined) options.runOnly = { type: 'rule', values: only }
    return axe.run(options)
  }, only)
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    )
}

/** What is too wide where nothing should scroll sideways: the page, its lists (which have captions), and what a dialog or a drawer holds. */
function wider(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      document.documentElement,
      ...document.querySelectorAll('[role=dialog] > *, main [role=region]:has(> table > caption)'),
    ].flatMap((each) => {
      const { tagName, scrollWidth, clientWidth } = each
      if (scrollWidth <= clientWidth || getComputedStyle(each).overflowX === 'hidden') return []
      return [`${tagName.toLowerCase()}: ${scrollWidth} pixels wide, of which ${clientWidth} are seen`]
    }),
  )
}

/** Each is opened once, and then looked at as those see it who have another theme or a telephone. */
test(
  'axe finds nothing serious on any page, light or dark, and each fits 390 pixels',
  { timeout },
  async () => {
    const outside = await newPage()
    const inside = await signedIn()
    const found: Record<string, string[]> = {}
    for (const each of WANTED) {
      const page = each.inside ? inside : outside
      await page.setViewportSize(WIDE)
      await page.emulateMedia({ colorScheme: 'light' })
      await visit(page, each)
      const light = await findings(page)
      await page.emulateMedia({ colorScheme: 'dark' })
      await settled(page)
      const dark = await findings(page, OF_COLOURS)
      await page.setViewportSize(NARROW)
      await settled(page)
      const wide = await wider(page)
      const serious = [...light, ...dark.map((each) => `dark: ${each}`), ...wide]
      if (serious.length > 0) found[each.name] = serious
    }
    expect(found).toEqual({})
  },
)

test('on a telephone the menu is a drawer', async () => {
  const inside = await signedIn({ viewport: NARROW })
  await inside.goto('/models')
  await inside.getByRole('button', { name: 'Open the menu' }).click()
  await inside.getByRole('dialog', { name: 'Menu' }).getByRole('link', { name: 'API keys' }).click()
  await inside.getByRole('heading', { name: 'API keys', level: 1 }).waitFor()
  await inside.getByRole('dialog', { name: 'Menu' }).waitFor({ state: 'detached' })
})

test('what a first visit loads is small, and it asks once who is signed in', async () => {
  const storageState = await (await signedIn()).context().storageState()
  const page = await newPage({ storageState })
  const sizes: number[] = []
  const questions: string[] = []
  page.on('response', (response) => {
    const url = response.url()
    if (url.endsWith('.js')) sizes.push(Number(response.headers()['content-length']))
    if (url.includes('/users/current?')) questions.push(url)
  })
  await page.goto('/models')
  await ready(page)
  expect(sizes).not.toEqual([])
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000)
  expect(questions).toHaveLength(1)
})

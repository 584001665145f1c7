/** What holds on every page: nothing serious that axe finds, and room for everything on a telephone. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { newPage, signedIn, useBrowser } from './browser'
import { PAGES, visit } from './pages'

useBrowser()

/** There are many pages, and the machine may be busy. */
const timeout = 10_000 * PAGES.length

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  )
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    )
}

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test('axe finds nothing serious on any page', { timeout }, async () => {
    const outside = await newPage({ colorScheme })
    const inside = await signedIn({ colorScheme })
    const found: Record<string, string[]> = {}
    for (const each of PAGES) {
      const page = each.inside ? inside : outside
      await visit(page, each)
      const serious = await findings(page)
      if (serious.length > 0) found[each.name] = serious
    }
    expect(found).toEqual({})
  })
})

test('every page fits 390 pixels, with the menu in a drawer', { timeout }, async () => {
  const viewport = { width: 390, height: 844 }
  const outside = await newPage({ viewport })
  const inside = await signedIn({ viewport })
  const wide: string[] = []
  for (const each of PAGES) {
    const page = each.inside ? inside : outside
    await visit(page, each)
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    if (width > viewport.width) wide.push(`${each.name}: ${width}`)
  }
  expect(wide).toEqual([])
  await inside.goto('/models')
  await inside.getByRole('button', { name: 'Open the menu' }).click()
  await inside.getByRole('dialog', { name: 'Menu' }).getByRole('link', { name: 'API keys' }).click()
  await inside.getByRole('heading', { name: 'API keys', level: 1 }).waitFor()
  await inside.getByRole('dialog', { name: 'Menu' }).waitFor({ state: 'detached' })
})

test('what a first visit loads is small', async () => {
  const page = await newPage()
  const sizes: number[] = []
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) sizes.push(Number(response.headers()['content-length']))
  })
  await signInAndWait(page)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(sizes.length).toBeGreaterThan(3)
  expect(total).toBeLessThan(250_000)
})

async function signInAndWait(page: Page) {
  await page.goto('/login')
  await page.waitForLoadState('networkidle')
}

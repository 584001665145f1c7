/** Pictures of every page: `make screenshots`; of some: `make screenshots ONLY='traffic model'` (how names begin). */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { newPage, registered, signedIn, useBrowser } from './browser'
import { settled, visit } from './opening'
import { WANTED } from './pages'
import { PICTURES } from './server'

useBrowser()

const timeout = 60_000 + 8_000 * WANTED.length
const VIEWPORTS = {
  narrow: { width: 390, height: 844 },
  wide: { width: 1440, height: 900 },
  vast: { width: 2560, height: 1440 },
}

describe.runIf(PICTURES !== undefined)('pictures', () => {
  const directory = PICTURES ?? ''

  async function taken(page: Page, name: string) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await settled(page)
      await page.screenshot({ path: join(directory, `${name}-${colorScheme}.png`) })
    }
  }

  test.each(Object.entries(VIEWPORTS))('%s', { timeout }, async (width, viewport) => {
    mkdirSync(directory, { recursive: true })
    const outside = await newPage({ viewport })
    const inside = await signedIn({ viewport })
    const empty = await registered({ viewport })
    for (const each of WANTED) {
      const page = each.inside ? inside : outside
      await visit(page, each)
      await taken(page, `${each.name}-${width}`)
    }
    await visit(empty, { name: 'api-keys-empty', path: '/api-keys', inside: true })
    await taken(empty, `api-keys-empty-${width}`)
    expect(WANTED.length).toBeGreaterThan(0)
  })
})

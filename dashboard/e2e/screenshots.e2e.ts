/** Pictures of every page: `make screenshots`; of some: `make screenshots ONLY='traffic model'` (how names begin). */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newPage, registered, signedIn, useBrowser } from './browser'
import { visit } from './opening'
import { WANTED } from './pages'
import { PICTURES } from './server'

useBrowser()

const timeout = 60_000 + 8_000 * WANTED.length
const VIEWPORTS = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } }

describe.runIf(PICTURES !== undefined)('pictures', () => {
  const directory = PICTURES ?? ''
  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test.each(['wide', 'narrow'] as const)('%s', { timeout }, async (width) => {
      mkdirSync(directory, { recursive: true })
      const options = { colorScheme, viewport: VIEWPORTS[width] }
      const outside = await newPage(options)
      const inside = await signedIn(options)
      const empty = await registered(options)
      for (const each of WANTED) {
        const page = each.inside ? inside : outside
        await visit(page, each)
        await page.screenshot({ path: join(directory, `${each.name}-${colorScheme}-${width}.png`) })
      }
      await visit(empty, { name: 'api-keys-empty', path: '/api-keys', inside: true })
      await empty.screenshot({ path: join(directory, `api-keys-empty-${colorScheme}-${width}.png`) })
      expect(WANTED.length).toBeGreaterThan(0)
    })
  })
})

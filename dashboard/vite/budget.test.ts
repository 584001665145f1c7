import { describe, expect, it } from 'vitest'
import { tooLarge } from './budget'

const chunk = (bytes: number, facadeModuleId: string | null, imports: string[] = [], isEntry = false) => ({
  type: 'chunk' as const,
  code: 'x'.repeat(bytes),
  imports,
  isEntry,
  facadeModuleId,
})
const build = (pageBytes: number) =>
  new Map([
    ['index.js', chunk(100_000, '/index.html', [], true)],
    ['common.js', chunk(100_000, null)],
    ['page.js', chunk(pageBytes, '/src/pages/models/page.tsx', ['index.js', 'common.js'])],
    ['chart.js', chunk(900_000, '/src/components/chart/series-chart.tsx', ['index.js'])],
  ])
const size = (code: string) => code.length

describe('the limit of a first load', () => {
  it('counts the entrance, a page and what it imports, each once', () => {
    expect(tooLarge(build(50_000), size)).toEqual([])
    expect(tooLarge(build(50_001), size)).toEqual([
      expect.stringContaining('/src/pages/models/page.tsx has 250001 bytes'),
    ])
  })
  it('is not passed by a build in which it finds no page', () => {
    const chunks = build(1)
    chunks.delete('page.js')
    expect(tooLarge(chunks, size)).toHaveLength(1)
  })
})

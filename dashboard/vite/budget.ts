/** Stops the build where a page has more JavaScript before it can be seen than a first load may take. */
import { brotliCompressSync, constants } from 'node:zlib'
import type { Plugin } from 'vite'

/** Compressed, of the entrance and one page together; what a page loads when it is there, such as charts, is not of them. */
const LIMIT_BYTES = 250_000
/** Less than files are compressed with in the end, and so a little too strict, but quick. */
const QUALITY = 9

interface Chunk {
  type: 'chunk'
  code: string
  imports: string[]
  isEntry: boolean
  facadeModuleId: string | null
}

export function budget(): Plugin {
  return {
    name: 'budget',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = new Map<string, Chunk>()
      for (const [file, output] of Object.entries(bundle))
        if (output.type === 'chunk') chunks.set(file, output)
      for (const problem of tooLarge(chunks, compressed)) this.error(problem)
    },
  }
}

/** What is wrong with each page that is over the limit. `size` is that of a chunk's code. */
export function tooLarge(chunks: ReadonlyMap<string, Chunk>, size: (code: string) => number): string[] {
  const pages = [...chunks].filter(([, { facadeModuleId }]) => facadeModuleId?.endsWith('page.tsx'))
  if (pages.length === 0)
    return ['No chunk is a page: vite/budget.ts looks for files whose names end with page.tsx.']
  const entrances = [...chunks].filter(([, { isEntry }]) => isEntry).map(([file]) => file)
  const sizes = new Map([...chunks].map(([file, { code }]) => [file, size(code)]))
  return pages.flatMap(([file, { facadeModuleId }]) => {
    const bytes = [...needed([...entrances, file], chunks)].reduce(
      (sum, each) => sum + (sizes.get(each) ?? 0),
      0,
    )
    if (bytes <= LIMIT_BYTES) return []
    const found = `${facadeModuleId ?? file} has ${bytes} bytes of compressed JavaScript, more than ${LIMIT_BYTES}.`
    return [`${found} Load what is not seen at once with lazy() or import().`]
  })
}

/** Those files and all that they import statically. */
function needed(files: string[], chunks: ReadonlyMap<string, Chunk>): Set<string> {
  const found = new Set(files)
  for (const file of found) for (const imported of chunks.get(file)?.imports ?? []) found.add(imported)
  return found
}

function compressed(code: string): number {
  return brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }).length
}

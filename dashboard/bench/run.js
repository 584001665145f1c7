/** Runs `measure.ts`, which Node.js 20 cannot by itself. */
import { join } from 'node:path'
import { runnerImport } from 'vite'

await runnerImport(join(import.meta.dirname, 'measure.ts'), { configFile: false, logLevel: 'error' })

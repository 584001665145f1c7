/** Lighthouse, as its command: it has a browser to itself meanwhile, and the session's cookie as a header. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { launchChromium } from '../e2e/chromium'

const COMMAND = join(import.meta.dirname, 'node_modules', 'lighthouse', 'cli', 'index.js')
const PORT = 9333
const ANSWER_BYTES = 64 * 1024 * 1024
export const PRESETS = { desktop: ['--preset=desktop'], mobile: ['--form-factor=mobile'] } as const

interface Report {
  categories: Record<string, { score: number | null }>
  audits: Record<string, { numericValue?: number; score: number | null; title: string }>
  runtimeError?: { message: string }
}

export interface Score {
  /** Of 100; none where a busy machine left too little to judge by. */
  performance: number | undefined
  accessibility: number | undefined
  /** Milliseconds; the shift has no unit. */
  metrics: Record<string, number>
  /** Titles of the audits of accessibility that failed. */
  failed: string[]
}

const METRICS = {
  FCP: 'first-contentful-paint',
  LCP: 'largest-contentful-paint',
  SI: 'speed-index',
  TBT: 'total-blocking-time',
  CLS: 'cumulative-layout-shift',
} as const

export async function lighthouse(url: string, cookie: string, preset: keyof typeof PRESETS): Promise<Score> {
  if (!existsSync(COMMAND)) throw new Error('Lighthouse is not installed: run npm ci in dashboard/bench')
  const browser = await launchChromium(`--remote-debugging-port=${PORT}`)
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        COMMAND,
        url,
        `--port=${PORT}`,
        `--extra-headers=${JSON.stringify({ cookie })}`,
        '--only-categories=performance,accessibility',
        '--output=json',
        '--quiet',
        '--no-enable-error-reporting',
        ...PRESETS[preset],
      ],
      { maxBuffer: ANSWER_BYTES },
    )
    return scored(JSON.parse(stdout) as Report)
  } finally {
    await browser.close()
  }
}

function scored({ categories, audits, runtimeError }: Report): Score {
  if (runtimeError !== undefined) throw new Error(runtimeError.message)
  const score = (name: string) => {
    const found = categories[name]?.score
    return found == null ? undefined : Math.round(found * 100)
  }
  return {
    performance: score('performance'),
    accessibility: score('accessibility'),
    metrics: Object.fromEntries(
      Object.entries(METRICS).map(([name, audit]) => [name, audits[audit]?.numericValue ?? Number.NaN]),
    ),
    failed: Object.values(audits)
      .filter((audit) => audit.score === 0)
      .map(({ title }) => title),
  }
}

/** What a page's own window notes while it is opened, and what of it is told. */
import type { BrowserContext, Page } from 'playwright-core'

/** Milliseconds since the navigation began; bytes as they were sent, compressed. */
export interface Opening {
  firstPaint: number
  largestPaint: number
  /** Cumulative layout shift (a score without a unit). */
  shift: number
  /**
   * The page is all there: its heading, and no skeleton and nothing busy in it; and the main thread has since had no task
   * of more than 50 ms.
   */
  interactive: number
  /** What tasks took beyond 50 ms each. */
  blocked: number
  /** Processor time of the main thread, which does not depend on what else the machine does. */
  worked: number
  scriptBytes: number
  requests: number
  /** The slowest calls of the API's. */
  calls: { path: string; start: number; duration: number }[]
}

interface Notes {
  largestPaint: number
  shift: number
  settled: number | undefined
  tasks: { start: number; duration: number }[]
}

declare global {
  interface Window {
    notes: Notes
  }
}

const SLOWEST = 3
const QUIET_MS = 50

/** Before the page's own scripts run. */
async function watch(page: Page) {
  await page.addInitScript(() => {
    const notes: Notes = { largestPaint: 0, shift: 0, settled: undefined, tasks: [] }
    window.notes = notes
    performance.setResourceTimingBufferSize(2000)
    const observe = (type: string, note: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true })
    observe('largest-contentful-paint', ({ startTime }) => (notes.largestPaint = startTime))
    observe('layout-shift', (entry) => {
      const { value, hadRecentInput } = entry as PerformanceEntry & { value: number; hadRecentInput: boolean }
      if (!hadRecentInput) notes.shift += value
    })
    observe('longtask', ({ startTime, duration }) => notes.tasks.push({ start: startTime, duration }))
    const look = () => {
      const there =
        document.querySelector('h1') !== null &&
        document.querySelector('main .animate-breathe, main [aria-busy=true]') === null
      if (!there) notes.settled = undefined
      else notes.settled ??= performance.now()
    }
    new MutationObserver(look).observe(document, {
      subtree: true,
      childList: true,
      attributeFilter: ['aria-busy', 'class'],
    })
  })
}

/** Opens `path` in a new window and waits until nothing more happens. */
export async function open(context: BrowserContext, path: string): Promise<Opening> {
  const page = await context.newPage()
  await watch(page)
  const devtools = await context.newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  await page.goto(path)
  await page.waitForFunction(() => window.notes.settled !== undefined)
  await page.waitForLoadState('networkidle')
  await page.waitForFunction(() => window.notes.settled !== undefined)
  const { notes, firstPaint, resources } = await page.evaluate(() => ({
    notes: window.notes,
    firstPaint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    resources: (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map((entry) => ({
      path: entry.name.slice(location.origin.length),
      start: entry.startTime,
      duration: entry.duration,
      sent: entry.transferSize === 0 ? 0 : entry.encodedBodySize,
    })),
  }))
  const { metrics } = await devtools.send('Performance.getMetrics')
  await page.close()
  const calls = resources.filter(({ path }) => /^\/(admin|authentication)\//.test(path))
  return {
    firstPaint,
    largestPaint: notes.largestPaint,
    shift: notes.shift,
    interactive: Math.max(notes.settled ?? 0, ...notes.tasks.map(({ start, duration }) => start + duration)),
    blocked: notes.tasks.reduce((sum, { duration }) => sum + duration - QUIET_MS, 0),
    worked: 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN),
    scriptBytes: resources
      .filter(({ path }) => path.endsWith('.js'))
      .reduce((sum, { sent }) => sum + sent, 0),
    requests: resources.length,
    calls: calls
      .sort((one, other) => other.duration - one.duration)
      .slice(0, SLOWEST)
      .map(({ path, start, duration }) => ({ path, start, duration })),
  }
}

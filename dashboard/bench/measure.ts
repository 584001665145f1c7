/** Opens every page of a running instance, cold and warm, and asks Lighthouse; prints JSON. `bench.dashboard` runs it. */
import type { Browser, BrowserContext } from 'playwright-core'
import { launchChromium } from '../e2e/chromium'
import { PAGES } from '../e2e/pages'
import { ADMIN, SERVER } from '../e2e/server'
import { lighthouse, PRESETS, type Score } from './lighthouse'
import { open, type Opening } from './watching'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? '3')
const LIGHTHOUSE_ROUNDS = Number(process.env.BENCH_LIGHTHOUSE_ROUNDS ?? '3')
const ONLY = (process.env.ONLY ?? '').split(' ').filter((name) => name !== '')
const VIEWPORT = { width: 1360, height: 860 }

interface Measured {
  cold: Opening[]
  warm: Opening[]
}

/** One of each address and view; what is opened within them is not. */
function paths(model: string): string[] {
  const found = new Map<string, string>()
  for (const { path, inside } of PAGES) {
    const { pathname, searchParams } = new URL(path, SERVER)
    const key = [pathname, searchParams.get('view')].join()
    if (inside && !/not-found|0000|no\/such/.test(path) && !found.has(key)) {
      const view = searchParams.get('view')
      found.set(key, view === null ? pathname : `${pathname}?view=${view}`)
    }
  }
  return [...found.values(), `/models/${model}`]
}

type Session = Awaited<ReturnType<BrowserContext['storageState']>>

async function signIn(browser: Browser): Promise<{ session: Session; model: string }> {
  const context = await browser.newContext({ baseURL: SERVER, viewport: VIEWPORT })
  const page = await context.newPage()
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(ADMIN.email)
  await page.getByLabel('Password').fill(ADMIN.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  const listed = await page.request.get('/admin/api/v1/models?limit=1')
  const { data } = (await listed.json()) as { data: { id: string }[] }
  const session = await context.storageState()
  await context.close()
  return { session, model: data[0]?.id ?? '' }
}

async function opened(browser: Browser, session: Session, path: string): Promise<Measured> {
  const measured: Measured = { cold: [], warm: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await browser.newContext({ baseURL: SERVER, viewport: VIEWPORT, storageState: session })
    measured.cold.push(await open(context, path))
    measured.warm.push(await open(context, path))
    await context.close()
  }
  return measured
}

const browser = await launchChromium()
const { session, model } = await signIn(browser)
const pages: Record<string, Measured> = {}
for (const path of paths(model).filter((path) => ONLY.length === 0 || ONLY.includes(path))) {
  pages[path] = await opened(browser, session, path)
  process.stderr.write(`${path}\n`)
}
await browser.close()
const cookie = session.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
const scores: Record<string, Score[]> = {}
for (const preset of Object.keys(PRESETS) as (keyof typeof PRESETS)[]) {
  scores[preset] = []
  for (let round = 0; round < LIGHTHOUSE_ROUNDS; round += 1) {
    scores[preset].push(await lighthouse(`${SERVER}/models`, cookie, preset))
  }
}
process.stdout.write(JSON.stringify({ pages, scores }))

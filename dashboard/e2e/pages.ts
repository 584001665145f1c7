/** Every page there is, for what must hold on each of them. A new page is a line here. */
import type { Page } from 'playwright-core'

export interface PageUnderTest {
  name: string
  path: string
  /** Whether somebody must be signed in. */
  inside: boolean
  /** What is done before one looks. */
  open?: (page: Page) => Promise<void>
}

const ready = (page: Page) => page.waitForLoadState('networkidle')

export const PAGES: readonly PageUnderTest[] = [
  { name: 'login', path: '/login', inside: false },
  { name: 'register', path: '/register', inside: false },
  { name: 'forgot-password', path: '/forgot-password', inside: false },
  { name: 'reset-password', path: '/reset-password?id=x&token=y', inside: false },
  { name: 'not-found', path: '/no/such/page', inside: true },
  { name: 'models', path: '/models', inside: true },
  { name: 'models-cards', path: '/models?view=cards', inside: true },
  { name: 'models-nothing-found', path: '/models?q=no-such-model', inside: true },
  {
    name: 'models-api',
    path: '/models?q=sim-small',
    inside: true,
    open: async (page) => {
      await page.getByRole('button', { name: 'API of sim-small' }).click()
      await page.locator('.hljs-string').first().waitFor()
      await ready(page)
    },
  },
  { name: 'api-keys', path: '/api-keys', inside: true },
  { name: 'api-keys-create', path: '/api-keys?create=yes', inside: true },
  { name: 'traffic', path: '/traffic', inside: true, open: drawn },
  { name: 'traffic-minutes', path: '/traffic?range=1h&by=user', inside: true, open: drawn },
  { name: 'traffic-nothing', path: '/traffic?model=no-such-model', inside: true },
  {
    name: 'traffic-custom',
    path: '/traffic?range=7d',
    inside: true,
    open: async (page) => {
      await page.getByRole('button', { name: 'Custom' }).click()
      await page.getByLabel('From', { exact: true }).waitFor()
    },
  },
  { name: 'requests', path: '/requests', inside: true },
  { name: 'requests-nothing-found', path: '/requests?model=no-such-model', inside: true },
  {
    name: 'requests-filters',
    path: '/requests?status=ok',
    inside: true,
    open: async (page) => {
      await page.getByRole('button', { name: 'More filters' }).click()
      await page.getByRole('button', { name: 'Apply' }).waitFor()
    },
  },
  { name: 'request', path: '/requests', inside: true, open: (page) => openRequest(page, 'Overview') },
  {
    name: 'request-said',
    path: '/requests',
    inside: true,
    open: (page) => openRequest(page, 'Conversation'),
  },
  { name: 'request-raw', path: '/requests', inside: true, open: (page) => openRequest(page, 'Raw') },
  {
    name: 'search',
    path: '/models',
    inside: true,
    open: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByPlaceholder('Find a page').fill('sim-s')
      await page.getByRole('option', { name: 'sim-small' }).waitFor()
    },
  },
]

/** The newest; where there is none, one is made. */
async function openRequest(page: Page, part: string) {
  const rows = page.getByRole('region', { name: 'Requests' }).getByRole('row', { name: /sim-/ })
  if ((await rows.count()) === 0) {
    await page.getByRole('button', { name: 'Live' }).click()
    await page.getByRole('status').getByText('Live').waitFor()
    const data = { model: 'sim-small', messages: [{ role: 'user', content: 'Hello!' }] }
    await page.request.post('/admin/api/v1/ai/v1/chat/completions', { data })
  }
  await rows.first().click()
  await page.getByRole('tab', { name: part }).click()
  await ready(page)
}

async function drawn(page: Page) {
  const empty = page.getByText('Nothing in this time.')
  await page.locator('.recharts-surface').or(empty).first().waitFor()
}

export async function visit(page: Page, { path, open }: PageUnderTest) {
  await page.goto(path)
  await ready(page)
  await open?.(page)
  // Whatever slides or fades in has done so.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((each) => each.effect?.getComputedTiming().iterations !== Infinity)
        .map((each) => each.finished),
    ),
  )
}

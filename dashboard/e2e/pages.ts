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
  { name: 'models-status', path: '/models?view=status', inside: true },
  { name: 'models-create', path: '/models?create=yes', inside: true },
  { name: 'model', path: '/models', inside: true, open: (page) => openModel(page, 'Overview') },
  {
    name: 'model-deployments',
    path: '/models',
    inside: true,
    open: (page) => openModel(page, 'Deployments'),
  },
  {
    name: 'model-configuration',
    path: '/models?q=sim-small',
    inside: true,
    open: (page) => openModel(page, 'Configuration'),
  },
  {
    name: 'model-pricing',
    path: '/models?q=sim-small',
    inside: true,
    open: (page) => openModel(page, 'Pricing'),
  },
  {
    name: 'model-tariff',
    path: '/models?q=sim-small',
    inside: true,
    open: async (page) => {
      await openModel(page, 'Pricing')
      await page.getByRole('button', { name: 'Add tariff' }).click()
      await page.getByRole('button', { name: 'Other prices' }).click()
    },
  },
  {
    name: 'model-monitoring',
    path: '/models?q=sim-small',
    inside: true,
    open: (page) => openModel(page, 'Monitoring'),
  },
  {
    name: 'model-groups',
    path: '/models?q=sim-small',
    inside: true,
    open: (page) => openModel(page, 'Groups'),
  },
  { name: 'model-not-found', path: '/models/00000000-0000-4000-8000-000000000001', inside: true },
  { name: 'api-keys', path: '/api-keys', inside: true },
  { name: 'api-keys-create', path: '/api-keys?create=yes', inside: true },
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

/** The composite model of the pictures, where it is there. */
async function openModel(page: Page, tab: string) {
  const composite = page.getByRole('link', { name: 'assistant' })
  await composite
    .or(page.getByRole('link', { name: 'sim-small', exact: true }))
    .first()
    .click()
  await page.getByRole('tab', { name: tab }).click()
  await ready(page)
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

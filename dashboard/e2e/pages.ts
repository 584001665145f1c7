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
  { name: 'endpoints', path: '/endpoints', inside: true },
  { name: 'endpoints-nothing-found', path: '/endpoints?q=no-such-endpoint', inside: true },
  { name: 'endpoints-connect', path: '/endpoints?connect=yes', inside: true },
  {
    name: 'endpoints-connect-azure',
    path: '/endpoints?connect=azure-openai',
    inside: true,
    open: async (page) => {
      await page.getByText('Advanced').click()
      await page.getByRole('button', { name: 'Test connection' }).click()
      await page.getByText('Put your own in place of <resource>.').waitFor()
    },
  },
  {
    name: 'endpoints-connect-failed',
    path: '/endpoints?connect=simulated',
    inside: true,
    open: async (page) => {
      await page.getByLabel('URL').fill('http://127.0.0.1:9/v1')
      await page.getByRole('button', { name: 'Test connection' }).click()
      await page.getByText('The provider cannot be reached', { exact: true }).waitFor()
    },
  },
  {
    name: 'endpoints-one',
    path: '/endpoints?q=Simulated',
    inside: true,
    open: async (page) => {
      await page.getByRole('cell', { name: /^Simulated provider/ }).click()
      await page.getByRole('dialog').getByRole('link', { name: 'sim-small' }).waitFor()
    },
  },
  ...['Synchronise', 'Choose models', 'Edit', 'Rotate key', 'Delete'].map((action) => ({
    name: `endpoints-${action.toLowerCase().replace(' ', '-')}`,
    path: '/endpoints?q=Simulated',
    inside: true,
    open: async (page: Page) => {
      await page.getByRole('button', { name: 'Actions for Simulated provider' }).click()
      await page.getByRole('menuitem', { name: `${action}…` }).click()
      await page.getByRole('dialog').waitFor()
      await ready(page)
    },
  })),
  { name: 'first-run', path: '/first-run', inside: true },
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
        .map((each) => each.finished.catch(() => undefined)), // cancelled: gone with what it moved
    ),
  )
}

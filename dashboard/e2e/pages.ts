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

async function dialog(page: Page) {
  await page.getByRole('dialog').waitFor()
}

/** The drawer of the first row of a list. */
async function firstRow(page: Page) {
  await page.getByRole('row').nth(1).getByRole('cell').first().click()
  await dialog(page)
  await ready(page)
}

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
  { name: 'playground', path: '/playground', inside: true },
  {
    name: 'playground-compare',
    path: '/playground?model=sim-reasoning',
    inside: true,
    open: async (page) => {
      await page.getByRole('button', { name: 'Model: sim-reasoning' }).waitFor()
      await page.getByRole('button', { name: 'Compare' }).click()
      await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill('Compare two answers')
      await page.keyboard.press('Enter')
      await page.getByText('24 out').or(page.getByText('35 out')).nth(1).waitFor()
      await ready(page)
    },
  },
  {
    name: 'playground-embeddings',
    path: '/playground?model=sim-embed',
    inside: true,
    open: async (page) => {
      for (const [index, text] of ['A cat sleeps.', 'A dog barks.'].entries()) {
        await page.getByRole('textbox', { name: `Text ${index + 1}` }).fill(text)
      }
      await page.getByRole('button', { name: 'Compare' }).click()
      await page.getByRole('table').waitFor()
    },
  },
  {
    name: 'playground-rerank',
    path: '/playground?model=sim-rerank',
    inside: true,
    open: async (page) => {
      await page.getByRole('textbox', { name: 'Query' }).fill('the capital of France')
      await page.getByRole('textbox', { name: 'Document 1' }).fill('Bread is made of flour.')
      await page.getByRole('textbox', { name: 'Document 2' }).fill('Paris is the capital of France.')
      await page.getByRole('button', { name: 'Rank documents' }).click()
      await page.getByRole('list', { name: 'Documents by score' }).waitFor()
    },
  },
  { name: 'api-keys', path: '/api-keys', inside: true },
  { name: 'api-keys-create', path: '/api-keys?create=yes', inside: true },
  { name: 'users', path: '/users', inside: true },
  { name: 'users-nothing-found', path: '/users?q=nobody-is-called-that', inside: true },
  { name: 'users-create', path: '/users?create=yes', inside: true, open: dialog },
  ...(['profile', 'groups', 'keys', 'sessions'] as const).map((tab) => ({
    name: `user-${tab}`,
    path: `/users?sort=created_at&tab=${tab}`,
    inside: true,
    open: firstRow,
  })),
  {
    name: 'user-access',
    path: '/users?sort=created_at&tab=access',
    inside: true,
    open: async (page) => {
      await firstRow(page)
      await page.getByLabel('Model').click()
      await page.getByPlaceholder('Find a model').last().fill('sim-s')
      await page.getByRole('option', { name: 'sim-small' }).click()
      await page.getByRole('list', { name: 'What is looked at' }).waitFor()
    },
  },
  { name: 'groups', path: '/groups', inside: true },
  { name: 'groups-create', path: '/groups?create=yes', inside: true, open: dialog },
  ...(['members', 'models'] as const).map((tab) => ({
    name: `group-${tab}`,
    path: `/groups?tab=${tab}`,
    inside: true,
    open: firstRow,
  })),
  { name: 'groups-matrix', path: '/groups?view=matrix', inside: true },
  {
    name: 'groups-matrix-column',
    path: '/groups?view=matrix',
    inside: true,
    open: async (page) => {
      await page.getByRole('button', { name: 'All of Everyone' }).click()
      await page.getByRole('menuitem', { name: 'Take every model…' }).click()
      await page.getByRole('dialog', { name: /^Take .* from Everyone/ }).waitFor()
    },
  },
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
        .map((each) => each.finished),
    ),
  )
}

/** Every page there is, for what must hold on each of them. A new page is a line here. */
import type { Page } from 'playwright-core'
import { dialog, drawn, firstRow, ready, type PageUnderTest } from './opening'
import { ONLY } from './server'
import { SETTINGS_PAGES } from './settings-pages'
import { SPEND_PAGES } from './spend-pages'
import { TRAFFIC_PAGES } from './traffic-pages'

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
      await page.getByRole('button', { name: 'Model 2: sim-reasoning' }).click()
      await page.getByRole('option', { name: 'sim-large' }).click()
      await page.mouse.move(0, 0)
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
    name: 'model-reasoning',
    path: '/models?q=sim-small',
    inside: true,
    open: async (page) => {
      await openModel(page, 'Configuration')
      const efforts = page.getByRole('form', { name: 'Reasoning efforts' })
      await efforts.getByLabel('Chat completions', { exact: true }).click()
      await page.getByRole('option', { name: 'As this table says' }).click()
      await efforts.getByRole('region', { name: 'Chat completions: efforts' }).scrollIntoViewIfNeeded()
    },
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
  { name: 'api-keys-everybodys', path: '/api-keys?whose=all', inside: true },
  { name: 'api-keys-one', path: '/api-keys?whose=all&sort=created_at', inside: true, open: firstRow },
  { name: 'api-keys-nothing-found', path: '/api-keys?whose=all&expiry=expired&q=no-such-key', inside: true },
  ...SPEND_PAGES,
  { name: 'users', path: '/users', inside: true },
  { name: 'users-nothing-found', path: '/users?q=nobody-is-called-that', inside: true },
  { name: 'users-create', path: '/users?create=yes', inside: true, open: dialog },
  {
    name: 'users-chosen',
    path: '/users',
    inside: true,
    open: async (page) => {
      await page.getByLabel('Select all on this page').click()
      await page.getByRole('toolbar', { name: /chosen$/ }).waitFor()
    },
  },
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
  { name: 'endpoints-connect-simulated', path: '/endpoints?connect=simulated', inside: true },
  {
    name: 'endpoints-connect-failed',
    path: '/endpoints?connect=simulated',
    inside: true,
    open: async (page) => {
      await page.getByRole('button', { name: 'Connect one that runs elsewhere' }).click()
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
  ...TRAFFIC_PAGES,
  ...SETTINGS_PAGES,
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
  {
    name: 'sign-in-again',
    path: '/models',
    inside: true,
    open: async (page) => {
      const session = await page.context().cookies()
      await page.context().clearCookies()
      await page.getByRole('searchbox', { name: 'Find a model' }).fill('sim')
      await page.getByRole('dialog', { name: 'Your session has ended' }).getByLabel('Password').waitFor()
      await page.context().addCookies(session)
    },
  },
]

/** Those whose names begin as `ONLY` says; all where it says nothing. */
export const WANTED = PAGES.filter(
  ({ name }) => ONLY.length === 0 || ONLY.some((each) => name.startsWith(each)),
)

/** The composite model of the pictures, where it is there. */
async function openModel(page: Page, tab: string) {
  const composite = page.getByRole('link', { name: 'assistant' })
  await composite
    .or(page.getByRole('link', { name: 'sim-small', exact: true }))
    .first()
    .click()
  await page.getByRole('tab', { name: tab }).click()
  await page.getByRole('tabpanel').waitFor()
  await ready(page)
  if (tab === 'Overview') await drawn(page)
}

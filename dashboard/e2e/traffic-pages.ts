/** The pages about traffic and single requests. */
import type { Page } from 'playwright-core'
import { drawn, ready, type PageUnderTest } from './opening'

/** Others have no conversation to show. */
const CHATS = '/requests?uri_pattern=%25/chat/completions'

export const TRAFFIC_PAGES: readonly PageUnderTest[] = [
  { name: 'traffic', path: '/traffic', inside: true, open: drawn },
  {
    name: 'traffic-read',
    path: '/traffic?range=7d',
    inside: true,
    open: async (page) => {
      await drawn(page)
      const chart = page.locator('main svg[data-chart]').first()
      if ((await chart.count()) > 0) await chart.hover({ force: true })
    },
  },
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
  { name: 'request', path: CHATS, inside: true, open: (page) => openRequest(page, 'Overview') },
  {
    name: 'request-said',
    path: CHATS,
    inside: true,
    open: (page) => openRequest(page, 'Conversation'),
  },
  { name: 'request-headers', path: CHATS, inside: true, open: (page) => openRequest(page, 'Headers') },
  {
    name: 'request-contents',
    path: '/requests?uri_pattern=%25/embeddings',
    inside: true,
    open: (page) =>
      openRequest(page, 'Contents', 'embeddings', { model: 'sim-embed', input: ['One', 'Two'] }),
  },
  { name: 'request-raw', path: CHATS, inside: true, open: (page) => openRequest(page, 'Raw') },
]

const HELLO = { model: 'sim-small', messages: [{ role: 'user', content: 'Hello!' }] }

/** The newest; where there is none, one is made. */
async function openRequest(page: Page, part: string, api = 'chat/completions', data: object = HELLO) {
  const rows = page.getByRole('region', { name: 'Requests' }).getByRole('row', { name: /sim-/ })
  if ((await rows.count()) === 0) {
    await page.getByRole('button', { name: 'Live' }).click()
    await page.getByRole('status').getByText('Live').waitFor()
    await page.request.post(`/admin/api/v1/ai/v1/${api}`, { data })
  }
  await rows.first().click()
  await page.getByRole('tab', { name: part }).click()
  await ready(page)
}

/** What was asked of the gateway: as figures, as it happens, and one request at a time. */
import { expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { signedIn, useBrowser } from './browser'
import { ADMIN, SERVER } from './server'

useBrowser()

interface Key {
  id: string
  key: string
}

interface Usage {
  prompt_tokens: number
  completion_tokens: number
}

let number = 0

function eventually<Value>(value: () => Value | Promise<Value>) {
  return expect.poll(value, { timeout: 20_000, interval: 100 })
}

/** A key that gateways know already. */
async function newKey(page: Page): Promise<Key> {
  number += 1
  const name = `traffic-${process.pid}-${number}`
  const made = await page.request.post('/admin/api/v1/users/current/api-keys', { data: { name } })
  expect(made.status()).toBe(201)
  const key = (await made.json()) as Key
  await eventually(async () => (await fetch(`${SERVER}/ai/v1/models`, { headers: bearer(key) })).status).toBe(
    200,
  )
  return key
}

function bearer({ key }: Key) {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
}

async function post(key: Key, path: string, body: object): Promise<Response> {
  const options = { method: 'POST', headers: bearer(key), body: JSON.stringify(body) }
  const answer = await fetch(`${SERVER}/ai/v1/${path}`, options)
  expect(answer.status).toBe(200)
  return answer
}

async function chat(key: Key, model: string, content = 'Hello!'): Promise<Usage> {
  const answer = await post(key, 'chat/completions', { model, messages: [{ role: 'user', content }] })
  return ((await answer.json()) as { usage: Usage }).usage
}

/** Returns when the log has so many of the key's. */
async function logged(page: Page, key: Key, requests: number) {
  const list = async () => {
    const answer = await page.request.get(`/admin/api/v1/requests?limit=100&key_id=${key.id}`)
    return ((await answer.json()) as { entries: unknown[] }).entries.length
  }
  await eventually(list).toBe(requests)
}

function tile(page: Page, label: string) {
  return page
    .locator('dl', { has: page.getByText(label, { exact: true }) })
    .locator('dd')
    .first()
}

function cellsOf(page: Page, table: string, row: string) {
  return page
    .getByRole('region', { name: table })
    .getByRole('row', { name: row })
    .getByRole('cell')
    .allTextContents()
}

test('figures, charts, tables and the file say what was sent', async () => {
  const page = await signedIn()
  const key = await newKey(page)
  const usages: Usage[] = []
  for (const model of ['sim-small', 'sim-small', 'sim-small', 'sim-large', 'sim-large'])
    usages.push(await chat(key, model))
  await logged(page, key, 5)
  const sum = (of: (usage: Usage) => number) =>
    usages.reduce((total, usage) => total + of(usage), 0).toLocaleString('en-US')

  await page.goto(`/traffic?key_id=${key.id}&range=1h`)
  await eventually(() => tile(page, 'Requests').textContent()).toBe('5')
  expect(await tile(page, 'Tokens in').textContent()).toBe(sum((usage) => usage.prompt_tokens))
  expect(await tile(page, 'Tokens out').textContent()).toBe(sum((usage) => usage.completion_tokens))
  await page.getByText('0 failed (0%)').waitFor()
  await expect
    .poll(async () => (await cellsOf(page, 'Traffic by model', 'sim-small')).slice(0, 3))
    .toEqual(['sim-small', '60%', '3'])
  expect((await cellsOf(page, 'Traffic by model', 'sim-large')).slice(0, 3)).toEqual([
    'sim-large',
    '40%',
    '2',
  ])

  await page.getByLabel('Requests: view').getByRole('radio', { name: 'Table' }).click()
  const counts = await page
    .getByRole('region', { name: 'Requests, as a table' })
    .locator('tbody tr td:first-of-type')
    .allTextContents()
  expect(counts.reduce((total, count) => total + Number(count), 0)).toBe(5)

  await page.getByRole('radio', { name: 'Users' }).click()
  await page.getByRole('searchbox', { name: 'Find a user' }).fill('ADMIN@')
  await page.getByRole('region', { name: 'Traffic by user' }).getByText(ADMIN.email).waitFor()
  expect((await cellsOf(page, 'Traffic by user', ADMIN.email))[2]).toBe('5')
  await page.getByRole('searchbox', { name: 'Find a user' }).fill('nobody')
  await page.getByText('Nothing is called that').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()

  const link = await page.getByRole('link', { name: 'CSV' }).getAttribute('href')
  const file = await (await page.request.get(link ?? '')).text()
  expect(file).toContain(`${ADMIN.email},5,`)

  await page.getByRole('button', { name: /^Model: any/ }).click()
  await page.getByRole('searchbox', { name: 'Find: Model' }).fill('large')
  await page.getByRole('button', { name: 'sim-large', exact: true }).click()
  await eventually(() => tile(page, 'Requests').textContent()).toBe('2')
  expect(new URL(page.url()).searchParams.get('model')).toBe('sim-large')
  await page.getByRole('button', { name: 'Clear' }).first().click()
  await eventually(() => page.url()).not.toContain('key_id')
})

test('any time can be looked at, beside the one before', async () => {
  const page = await signedIn()
  const key = await newKey(page)
  await chat(key, 'sim-small')
  await logged(page, key, 1)
  await page.goto(`/traffic?key_id=${key.id}`)
  await eventually(() => tile(page, 'Requests').textContent()).toBe('1')
  await page.getByRole('button', { name: 'Custom' }).click()
  await page.getByLabel('From', { exact: true }).fill('2020-01-02T00:00')
  await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00')
  await page.getByText('The end must be after the beginning.').waitFor()
  expect(await page.getByRole('button', { name: 'Show', exact: true }).isDisabled()).toBe(true)
  await page.getByLabel('To', { exact: true }).fill('2020-01-03T00:00')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByText('No requests in this time').waitFor()
  await eventually(() => tile(page, 'Requests').textContent()).toBe('0')
  expect(new URL(page.url()).searchParams.get('from')).toContain('2020-01-0')
  await page.getByRole('radio', { name: '24 h' }).click()
  await eventually(() => tile(page, 'Requests').textContent()).toBe('1')
  await page.getByRole('button', { name: 'Compare with the period before' }).click()
  await page.getByRole('columnheader', { name: 'Change' }).waitFor({ state: 'detached' })
})

test('requests are seen as they happen, and wait while one looks away', async () => {
  const page = await signedIn()
  const key = await newKey(page)
  const rows = page.getByRole('region', { name: 'Requests' }).getByRole('row', { name: /sim-/ })
  await chat(key, 'sim-small')
  await logged(page, key, 1)
  await page.goto(`/requests?key_id=${key.id}`)
  await eventually(() => rows.count()).toBe(1)
  await page.getByRole('button', { name: 'Live' }).click()
  await page.getByRole('status').getByText('Live').waitFor()
  await chat(key, 'sim-large')
  await eventually(() => rows.count()).toBe(2)
  expect(await rows.first().textContent()).toContain('sim-large')

  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('status').getByText('Paused').waitFor()
  await chat(key, 'sim-small')
  await logged(page, key, 3)
  expect(await rows.count()).toBe(2)
  await page.getByRole('button', { name: 'Resume' }).click()
  await eventually(() => rows.count()).toBe(3)
  await page.getByText('2 requests since you began to watch').waitFor()
})

test('a watch ends where nobody is signed in any more', async () => {
  const page = await signedIn({}, '/requests?live=yes')
  await page.getByRole('status').getByText('Live').waitFor()
  const logout = await page.request.post('/authentication/logout', { headers: { origin: SERVER } })
  expect(logout.ok()).toBe(true)
  await page.getByRole('button', { name: 'Sign in' }).waitFor({ timeout: 30_000 })
})

test('a request shows its attempts, its conversation and its bytes', async () => {
  const page = await signedIn()
  const key = await newKey(page)
  const answer = await post(key, 'chat/completions', {
    model: 'sim-small',
    stream: true,
    temperature: 0.5,
    messages: [
      { role: 'system', content: 'Answer in one word.' },
      { role: 'user', content: 'Which colour has the sky?' },
    ],
  })
  const said = (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] })
    .map(({ choices }) => choices[0]?.delta.content ?? '')
    .join('')
  await logged(page, key, 1)
  await page.goto(`/requests?key_id=${key.id}`)
  await page.getByRole('region', { name: 'Requests' }).getByText('sim-small').click()
  const detail = page.getByRole('dialog')
  await detail.getByRole('heading', { name: 'Timeline' }).waitFor()
  await detail.getByText('Which colour').waitFor({ state: 'detached' })
  const id = new URL(page.url()).searchParams.get('request') ?? ''
  expect(await detail.textContent()).toContain(id)
  expect(await detail.getByText(ADMIN.email).count()).toBe(1)

  await detail.getByRole('tab', { name: 'Conversation' }).click()
  const turns = detail.getByRole('list', { name: 'Conversation' }).getByRole('listitem')
  const texts = await turns.allTextContents()
  expect(texts[0]).toContain('Answer in one word.')
  expect(texts[1]).toContain('Which colour has the sky?')
  expect(said).not.toBe('')
  expect(texts[2]).toContain(said)
  await detail.getByText('Parameters: stream, temperature').waitFor()
  expect(await detail.getByRole('link', { name: 'Replay in playground' }).getAttribute('href')).toBe(
    `/playground?request=${id}`,
  )

  await detail.getByRole('tab', { name: 'Headers' }).click()
  const asked = await detail.getByRole('region', { name: 'Request' }).textContent()
  expect(asked).toContain('authorizationnot kept')
  expect(asked).not.toContain(key.key)
  expect(await detail.getByRole('region', { name: 'Response' }).textContent()).toContain(`x-request-id${id}`)
  expect(page.url()).toContain('part=headers')

  await detail.getByRole('tab', { name: 'Raw' }).click()
  expect(await detail.getByRole('region', { name: 'Request' }).textContent()).toContain('"temperature": 0.5')
  expect(await detail.getByRole('region', { name: 'Response' }).textContent()).toContain('data: [DONE]')

  await page.keyboard.press('Escape')
  await detail.waitFor({ state: 'detached' })
  await page.goto(`/requests?q=${id}`)
  await page.getByRole('button', { name: 'Open the request that we gave this id' }).click()
  await page.getByRole('dialog').getByRole('heading', { name: 'Timeline' }).waitFor()
})

test('filters narrow the log, and pages lead through it', async () => {
  const page = await signedIn()
  const key = await newKey(page)
  for (let requests = 0; requests < 27; requests += 1)
    await chat(key, requests < 2 ? 'sim-large' : 'sim-small')
  await logged(page, key, 27)
  const rows = page.getByRole('region', { name: 'Requests' }).getByRole('row', { name: /sim-/ })
  await page.goto(`/requests?key_id=${key.id}`)
  await eventually(() => rows.count()).toBe(25)
  await page.getByRole('button', { name: 'Older' }).click()
  await eventually(() => rows.count()).toBe(2)
  expect(await rows.allTextContents()).toEqual([
    expect.stringContaining('sim-large'),
    expect.stringContaining('sim-large'),
  ])
  await page.getByRole('button', { name: 'Back' }).click()
  await eventually(() => rows.count()).toBe(25)

  await page.getByRole('button', { name: /^Model: any/ }).click()
  await page.getByRole('button', { name: 'sim-large', exact: true }).click()
  await eventually(() => rows.count()).toBe(2)
  await page.getByRole('button', { name: 'More filters' }).click()
  await page.getByLabel('Took at least, in ms').fill('much')
  await page.getByText('A whole number.').waitFor()
  await page.getByLabel('Took at least, in ms').fill('3600000')
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('No request matches').waitFor()
  await page.getByRole('button', { name: 'Show all requests' }).click()
  await eventually(() => rows.count()).toBe(25)
  expect(page.url()).not.toContain('model')
})

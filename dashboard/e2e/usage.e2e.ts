/** What people used and spent, and the budgets that bound it. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { registered, signedIn, useBrowser } from './browser'
import { call, makeModel, news, unique, type Made } from './management'
import { SERVER } from './server'

useBrowser()

const EVERYONE = '00000000-0000-0000-0000-000000000000'
/** Of each token: whole cents, so that what is shown is exact. */
const PRICE = '0.01'

interface Usage {
  prompt_tokens: number
  completion_tokens: number
}

function eventually<Value>(value: () => Value | Promise<Value>) {
  return expect.poll(value, { timeout: 20_000, interval: 100 })
}

/** A model with a price that everybody may use. */
async function makePriced(admin: Page): Promise<string> {
  const model = await makeModel(admin)
  const prices = { input_price_per_token: PRICE, output_price_per_token: PRICE }
  const tariffs = [{ name: 'Standard', api_key_purpose: 'realtime', ...prices }]
  await call(admin, 'PATCH', `/models/${model.id}`, { tariffs })
  await call(admin, 'POST', `/groups/${EVERYONE}/models/${model.id}`)
  return model.alias
}

/** Somebody new with credits, and a key of theirs. */
async function makeSpender(admin: Page) {
  const page = await registered()
  const { id, email } = await call<Made & { email: string }>(page, 'GET', '/users/current')
  const grant = { user_id: id, transaction_type: 'admin_grant', amount: '100', source_id: unique('usage') }
  await call(admin, 'POST', '/transactions', grant)
  const name = unique('program')
  const { key } = await call<{ key: string }>(page, 'POST', '/users/current/api-keys', { name })
  return { page, email, key, name }
}

/** What a gateway answers, and how many tokens that took. */
async function chat(key: string, model: string) {
  const answer = await fetch(`${SERVER}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 10 }),
  })
  const { usage } = (await answer.json()) as { usage?: Usage }
  return { status: answer.status, usage }
}

/** Asks until it is answered so; returns what was used. */
async function chatUntil(key: string, model: string, status: number): Promise<Usage | undefined> {
  let last: Awaited<ReturnType<typeof chat>> | undefined
  await eventually(async () => {
    last = await chat(key, model)
    return last.status
  }).toBe(status)
  return last?.usage
}

function tile(page: Page, label: string) {
  return page
    .locator('dl', { has: page.getByText(label, { exact: true }) })
    .locator('dd')
    .first()
}

async function cellsOf(page: Page, table: string, row: string) {
  const found = page.getByRole('region', { name: table }).getByRole('row', { name: row })
  await found.waitFor()
  return found.getByRole('cell').allTextContents()
}

test('figures, tables and the file say what was used, and what it cost', async () => {
  const admin = await signedIn()
  const model = await makePriced(admin)
  const { page, key, name } = await makeSpender(admin)
  const usages = [
    await chatUntil(key, model, 200),
    (await chat(key, model)).usage,
    (await chat(key, model)).usage,
  ]
  const sum = (of: (usage: Usage) => number) =>
    usages.reduce((total, usage) => total + (usage === undefined ? NaN : of(usage)), 0)
  const [input, output] = [sum((usage) => usage.prompt_tokens), sum((usage) => usage.completion_tokens)]
  const cost = `$${((input + output) / 100).toFixed(2)}`
  const recorded = async () =>
    (await call<{ total_request_count: number }>(page, 'GET', '/usage')).total_request_count
  await eventually(recorded).toBe(3)

  await page.getByRole('link', { name: 'Usage & cost' }).click()
  await eventually(() => tile(page, 'Requests').textContent()).toBe('3')
  expect(await tile(page, 'Cost').textContent()).toBe(cost)
  expect(await tile(page, 'Tokens in').textContent()).toBe(String(input))
  expect(await tile(page, 'Tokens out').textContent()).toBe(String(output))
  await page.getByText(`${cost} so far, then the pace of the last 7 days`).waitFor()
  expect(await cellsOf(page, 'Usage by model', model)).toEqual([
    model,
    '3',
    String(input),
    String(output),
    cost,
  ])

  await page.getByLabel('Cost: view').getByRole('radio', { name: 'Table' }).click()
  const days = page.getByRole('region', { name: 'Cost, as a table' })
  expect(await days.locator('thead th').allTextContents()).toEqual(['Time', model])
  const costs = await days.locator('tbody td').allTextContents()
  expect(costs.filter((each) => each !== '$0')).toHaveLength(1)

  await page.getByRole('radio', { name: 'Keys' }).click()
  expect((await cellsOf(page, 'Usage by key', name))[4]).toBe(cost)
  const link = await page.getByRole('link', { name: 'CSV' }).getAttribute('href')
  const file = await (await page.request.get(link ?? '')).text()
  expect(file.split('\r\n')).toHaveLength(3)
  expect(file).toContain(`${name},3,${input},${output},`)
  await page.getByRole('radio', { name: 'Days' }).click()
  await page.getByRole('region', { name: 'Usage by day' }).getByRole('row').nth(1).waitFor()
  await page.getByRole('radio', { name: 'Last month' }).click()
  await page.getByText('Nothing used in this time').waitFor()
  expect(await page.getByRole('tab').count()).toBe(0)
})

test('a budget is made, used up, raised and deleted', async () => {
  const admin = await signedIn()
  const model = await makePriced(admin)
  const { page, email, key } = await makeSpender(admin)
  await chatUntil(key, model, 200)

  await admin.goto('/usage?view=budgets')
  await admin.getByRole('button', { name: 'Create budget' }).first().click()
  const form = admin.getByRole('dialog', { name: 'Create a budget' })
  await form.getByRole('button', { name: 'Create budget' }).click()
  await form.getByText('A budget needs a name.').waitFor()
  await form.getByText('Choose a group.').waitFor()
  const budget = unique('Allowance')
  await form.getByLabel('Name').fill(budget)
  await form.getByLabel('Amount, in $').fill('0.05')
  await form.getByLabel('Of', { exact: true }).click()
  await admin.getByRole('option', { name: 'A user' }).click()
  await form.getByLabel('User').click()
  await admin.getByPlaceholder('Find a user').fill(email)
  await admin.getByRole('option', { name: email }).click()
  await form.getByLabel('When it runs out').click()
  await admin.getByRole('option', { name: 'Refuse once it is spent' }).click()
  await form.getByLabel('Tell people at, in %').fill('most')
  await form.getByRole('button', { name: 'Create budget' }).click()
  await form.getByText('Numbers with commas between').waitFor()
  await form.getByLabel('Tell people at, in %').fill('50, 100')
  await form.getByRole('button', { name: 'Create budget' }).click()
  await news(admin, `${budget} is in force.`)

  await chatUntil(key, model, 402)
  await page.getByRole('link', { name: 'Usage & cost' }).click()
  const mine = page.getByRole('list', { name: 'Budgets' }).getByRole('listitem').filter({ hasText: budget })
  await mine.getByText('of $0.05 a month').waitFor()
  await mine.getByText('Used up').waitFor()

  await admin.getByRole('searchbox', { name: 'Find a budget' }).fill(budget)
  const row = admin.getByRole('region', { name: 'Budgets' }).getByRole('row', { name: budget })
  await row.getByText(email, { exact: true }).waitFor()
  await admin.reload()
  await row.getByText('Used up').waitFor()

  const alert = admin.getByRole('region', { name: 'Alerts' }).getByRole('row').filter({ hasText: budget })
  await eventually(async () => {
    await admin.goto('/usage?view=alerts&kind=budget_threshold')
    await admin.waitForLoadState('networkidle')
    return alert.count()
  }).toBe(1)
  await alert.getByRole('button', { name: 'Acknowledge' }).click()
  await alert.getByText('Looked after').waitFor()
  await alert.getByRole('button', { name: 'Take back' }).click()
  await alert.getByText('Open').waitFor()

  await admin.getByRole('tab', { name: 'Budgets' }).click()
  await admin.getByRole('searchbox', { name: 'Find a budget' }).fill(budget)
  await row.waitFor()
  await admin.getByRole('button', { name: `Actions for ${budget}` }).click()
  await admin.getByRole('menuitem', { name: 'Edit…' }).click()
  const edit = admin.getByRole('dialog', { name: `Edit ${budget}` })
  expect(await edit.getByLabel('Tell people at, in %').inputValue()).toBe('50, 100')
  await edit.getByLabel('Amount, in $').fill('50')
  await edit.getByRole('button', { name: 'Save' }).click()
  await news(admin, `${budget} is changed.`)
  await row.getByText(/left$/).waitFor()
  await chatUntil(key, model, 200)

  await admin.getByRole('button', { name: `Actions for ${budget}` }).click()
  await admin.getByRole('menuitem', { name: 'Delete…' }).click()
  await admin
    .getByRole('dialog', { name: `Delete ${budget}?` })
    .getByRole('button', { name: 'Delete budget' })
    .click()
  await admin.getByText('No budget matches').waitFor()
})

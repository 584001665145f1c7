/** One's own settings, and those of the instance: each is changed here and seen to hold elsewhere. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPage, registered, signedIn, signIn, useBrowser } from './browser'
import { answers, call, makeKey, makeModel, makePerson, news, unique, type Made } from './management'
import { SERVER } from './server'

useBrowser()

const EVERYONE = '00000000-0000-0000-0000-000000000000'

test('a password is changed and used, and ends the sessions elsewhere', async () => {
  const page = await registered()
  const { email } = await call<{ email: string }>(page, 'GET', '/users/current')
  const before = 'a long enough password'
  const elsewhere = await newPage()
  await signIn(elsewhere, { email, password: before })
  await page.goto('/settings')
  await page.getByRole('heading', { name: 'Profile', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'Password & sessions' }).click()
  await page.getByRole('list', { name: 'Your sessions' }).getByRole('listitem').nth(1).waitFor()

  const form = page.getByRole('form', { name: 'Password' })
  const fill = async (current: string, chosen: string, again: string) => {
    await form.getByLabel('Current password').fill(current)
    await form.getByLabel('New password').fill(chosen)
    await form.getByLabel('Once more').fill(again)
    await form.getByRole('button', { name: 'Change password' }).click()
  }
  await fill(before, 'another password', 'a slip of the finger')
  await form.getByText('The two are not the same.').waitFor()
  await fill('not it', 'another password', 'another password')
  await form.getByText('This is not your password.').waitFor()
  await fill(before, 'short', 'short')
  await form.getByText('Password must be at least').waitFor()
  await fill(before, 'another password', 'another password')
  await news(page, 'Your new password is in force.')

  await elsewhere.reload()
  await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signIn(elsewhere, { email, password: 'another password' })
  await page.reload()
  await page.getByRole('button', { name: /^End the session of/ }).click()
  await news(page, 'The session is ended.')
  await elsewhere.reload()
  await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor()
})

test('a person names themselves, chooses a theme, and sees nothing of the instance', async () => {
  const page = await registered()
  await page.goto('/settings/profile')
  const name = unique('Mary')
  await page.getByLabel('Display name').fill(name)
  await page.getByRole('form', { name: 'Name' }).getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: `Account of ${name}` }).waitFor()
  await page.getByLabel('Keep none of my conversations').click()
  await page.getByRole('form', { name: 'Your conversations' }).getByRole('button', { name: 'Save' }).click()
  await news(page, 'Your conversations: saved')
  await page.goto('/settings/notifications')
  await page.getByLabel('Low balance, in $').fill('2.5')
  await page.getByRole('button', { name: 'Save' }).click()
  await news(page, 'Mails: saved')
  const me = await call<Record<string, unknown>>(page, 'GET', '/users/current')
  expect(me).toMatchObject({ display_name: name, zero_data_retention: true, low_balance_threshold: 2.5 })

  await page.goto('/settings/appearance')
  await page.getByText('Dark', { exact: true }).click()
  expect(await page.evaluate(() => document.documentElement.className)).toContain('dark')
  const places = await page.getByRole('navigation', { name: 'Settings' }).getByRole('link').allTextContents()
  expect(places).toEqual(['Profile', 'Password & sessions', 'Appearance', 'Notifications', 'Webhooks'])
  for (const place of ['instance', 'sign-in', 'mail', 'privacy', 'guardrails', 'rate-limits', 'audit']) {
    await page.goto(`/settings/${place}`)
    await page.getByRole('heading', { name: 'This page is not for your account' }).waitFor()
  }
})

test('the instance says how it is configured, and a test mail leaves', async () => {
  const page = await signedIn({}, '/settings/instance')
  await page.getByRole('region', { name: 'Services' }).first().waitFor()
  await page.getByRole('link', { name: 'Sign-in', exact: true }).click()
  await page.getByText('/authentication/oidc/callback').first().waitFor()
  await page.getByText('Set by CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION').waitFor()
  await page.getByText('Default of auth.native.password').waitFor()
  await page.getByRole('link', { name: 'E-mail' }).click()
  await page.getByRole('button', { name: 'Send a test mail' }).click()
  await page.getByText('The file is written.').waitFor()
})

/** What a gateway answers to a request with this text. */
async function asked(key: string, model: string, content: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${SERVER}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], max_tokens: 5 }),
  })
  return { status: answer.status, text: await answer.text() }
}

/** A model of one's own, so that what is set up for it troubles nobody else. */
async function callable(page: Page): Promise<{ model: Made & { alias: string }; key: string }> {
  const model = await makeModel(page)
  await call(page, 'POST', `/groups/${EVERYONE}/models/${model.id}`)
  const key = await makeKey(page, (await makePerson(page, unique('caller'))).id)
  await answers(key, model.alias, 200)
  return { model, key }
}

test('a guardrail that is made blocks a live request, and the audit log tells of it', async () => {
  const page = await signedIn()
  const { model, key } = await callable(page)
  const name = unique('No badges')
  await page.goto('/settings/guardrails')
  await page.getByRole('button', { name: 'Create guardrail' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create a guardrail' })
  await form.getByRole('button', { name: 'Create guardrail' }).click()
  await form.getByText('A guardrail needs a name.').waitFor()
  await form.getByLabel('Name').fill(name)
  await form.getByLabel('Pattern', { exact: true }).fill('BADGE-(?=x)')
  await form.getByLabel('Models').click()
  await page.getByRole('searchbox', { name: 'Find a model' }).fill(model.alias)
  await page.getByRole('checkbox', { name: model.alias }).click()
  await page.keyboard.press('Escape')
  await form.getByRole('button', { name: 'Create guardrail' }).click()
  await form.getByRole('alert').waitFor()
  await form.getByLabel('Pattern', { exact: true }).fill('BADGE-[0-9]{4}')
  await form.getByRole('button', { name: 'Create guardrail' }).click()
  await news(page, `${name} is in force.`)

  const blocked = () => asked(key, model.alias, 'I am BADGE-1234.')
  await expect.poll(async () => (await blocked()).status, { timeout: 20_000 }).toBe(400)
  expect((await blocked()).text).toContain(name)
  await answers(key, model.alias, 200)

  await page.getByRole('textbox', { name: 'Text', exact: true }).fill('I am BADGE-1234.')
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.getByText('It is blocked').waitFor()

  await page.getByRole('switch', { name: `Use ${name}` }).click()
  await expect.poll(async () => (await blocked()).status, { timeout: 20_000 }).toBe(200)

  await page.goto('/settings/audit?resource=guardrails')
  const rows = page.getByRole('region', { name: 'Audit log' }).getByRole('row', { name: /guardrails/ })
  await rows.filter({ hasText: 'update' }).first().click()
  const entry = page.getByRole('dialog')
  const changes = entry.getByRole('list', { name: 'What changed' })
  await changes.getByText('enabled').waitFor()
  expect((await changes.allTextContents()).join(' ')).toContain('true')
  await page.keyboard.press('Escape')
  await rows.filter({ hasText: name }).filter({ hasText: 'create' }).first().click()
  await changes.getByText('BADGE-[0-9]{4}').waitFor()
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Export' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'All that match, as CSV' }).click()
  expect((await download).suggestedFilename()).toBe('audit-log.csv')

  await page.goto('/settings/guardrails')
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('button', { name: 'Delete guardrail' }).click()
  await news(page, `${name} is deleted.`)
})

test('the secret of a guardrail can be forgotten', async () => {
  const page = await signedIn()
  const name = unique('Service')
  const service = { url: 'https://guard.example.org/check', secret: 'a bearer token' }
  const body = { name, kind: 'external', stage: 'request', enabled: false, ...service }
  const { id } = await call<Made>(page, 'POST', '/guardrails', body)
  await page.goto('/settings/guardrails')
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Edit…' }).click()
  const form = page.getByRole('dialog', { name: `Edit ${name}` })
  await form.getByLabel('Forget the stored secret').click()
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  const listed = await call<{ data: (Made & { has_secret: boolean })[] }>(
    page,
    'GET',
    '/guardrails?limit=100',
  )
  expect(listed.data.find((each) => each.id === id)?.has_secret).toBe(false)
})

test('guardrails are put in another order', async () => {
  const page = await signedIn()
  const names = [unique('First'), unique('Second')]
  for (const name of names) {
    const body = { name, kind: 'deny_pattern', pattern: 'never said', enabled: false }
    await call(page, 'POST', '/guardrails', body)
  }
  await page.goto('/settings/guardrails')
  const order = async () => {
    const listed = await call<{ data: { name: string }[] }>(page, 'GET', '/guardrails?limit=100')
    return listed.data.map(({ name }) => name).filter((name) => names.includes(name))
  }
  await page.getByRole('button', { name: `Actions for ${names[1] ?? ''}` }).click()
  await page.getByRole('menuitem', { name: 'Move up' }).click()
  await expect.poll(order).toEqual([...names].reverse())
})

test('a rate limit is made, holds, and is lifted', async () => {
  const page = await signedIn()
  const { model, key } = await callable(page)
  const name = unique('One a day')
  await page.goto('/settings/rate-limits')
  await page.getByRole('button', { name: 'Create limit' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create a rate limit' })
  await form.getByRole('button', { name: 'Create limit' }).click()
  await form.getByText('Choose one.').waitFor()
  await form.getByLabel('Name').fill(name)
  await form.getByLabel('Of', { exact: true }).click()
  await page.getByRole('option', { name: 'A model' }).click()
  await form.getByLabel('Model', { exact: true }).click()
  await page.getByPlaceholder('Find a model').fill(model.alias)
  await page.getByRole('option', { name: model.alias }).click()
  await form.getByLabel('Amount').fill('1')
  await form.getByLabel('In', { exact: true }).click()
  await page.getByRole('option', { name: 'a day' }).click()
  await form.getByRole('button', { name: 'Create limit' }).click()
  await news(page, `${name}: 1 request a day, from now on.`)
  await answers(key, model.alias, 429)
  await page.getByRole('row', { name }).getByText(model.alias).waitFor()

  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('button', { name: 'Delete limit' }).click()
  await news(page, `${name} is lifted.`)
  await answers(key, model.alias, 200)
})

test('a webhook hears of what happens, and its deliveries are seen', async () => {
  const heard: string[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      heard.push(`${request.headers['webhook-id'] === undefined ? '' : 'signed '}${body}`)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  try {
    const page = await signedIn({}, '/settings/webhooks')
    await page.getByRole('button', { name: 'Create webhook' }).first().click()
    const form = page.getByRole('dialog', { name: 'Create a webhook' })
    await form.getByLabel('URL').fill('http://example.org/hook')
    await form.getByRole('button', { name: 'Create webhook' }).click()
    await form.getByText('must begin with https://').waitFor()
    await form.getByLabel('URL').fill(url)
    await form.getByRole('radio', { name: 'The whole platform' }).click()
    await form.getByRole('button', { name: 'Create webhook' }).click()
    const shown = page.getByRole('dialog', { name: 'The secret of your webhook' })
    expect(await shown.getByTestId('secret').textContent()).toMatch(/^whsec_/)
    await shown.getByRole('button', { name: 'I have stored it' }).click()

    const person = await makePerson(page, unique('told'))
    await expect.poll(() => heard.join('\n'), { timeout: 30_000 }).toContain(person.email)
    await page.getByRole('button', { name: url, exact: true }).click()
    const drawer = page.getByRole('dialog', { name: 'Deliveries' })
    const message = drawer.getByRole('listitem').filter({ hasText: 'user.created' })
    await message.getByText('Delivered').waitFor()
    await message.getByText('user.created').first().click()
    await message.getByText('1 attempt').waitFor()
    await message.getByText(person.email).waitFor()
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: `Actions for ${url}` }).click()
    await page.getByRole('menuitem', { name: 'New secret…' }).click()
    await page.getByRole('button', { name: 'New secret' }).click()
    const again = page.getByRole('dialog', { name: 'The new secret' })
    expect(await again.getByTestId('secret').textContent()).toMatch(/^whsec_/)
    await again.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByRole('button', { name: `Actions for ${url}` }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page.getByRole('button', { name: 'Delete webhook' }).click()
    await news(page, 'The webhook is deleted.')
  } finally {
    receiver.close()
  }
})

test('a redaction rule is made, previewed, and deleted', async () => {
  const page = await signedIn({}, '/settings/privacy')
  const name = unique('badges').replace(' ', '_').toLowerCase()
  await page.getByRole('button', { name: 'Create rule' }).click()
  const form = page.getByRole('dialog', { name: 'Create a redaction rule' })
  await form.getByLabel('Name').fill('Not A Name')
  await form.getByLabel('Pattern').fill('BADGE-[0-9]{4}')
  await form.getByRole('button', { name: 'Create rule' }).click()
  await form.getByRole('alert').waitFor()
  await form.getByLabel('Name').fill(name)
  await form.getByRole('button', { name: 'Create rule' }).click()
  await news(page, `${name} holds for what is kept from now on.`)
  await page.getByRole('textbox', { name: 'Text', exact: true }).fill('I am BADGE-1234.')
  await page.getByRole('button', { name: 'Show what is kept' }).click()
  await page.getByText(`I am [${name}].`).waitFor()
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('button', { name: 'Delete rule' }).click()
  await news(page, `${name} is deleted.`)
})

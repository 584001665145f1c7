/** Everybody's keys, for whoever looks after them. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPage, registered, signedIn, signIn, useBrowser } from './browser'
import { answers, call, makeKey, makePerson, news, unique } from './management'

useBrowser()

const PASSWORD = 'a long enough password'

async function everybodys(page: Page) {
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('radio', { name: 'Everybody’s' }).click()
  await page.waitForURL('**/api-keys?whose=all')
}

function find(page: Page, text: string) {
  return page.getByRole('searchbox', { name: 'Find a key' }).fill(text)
}

test('an administrator finds somebody’s key by how it begins and deletes it, and it stops working', async () => {
  const page = await signedIn()
  const name = unique('Owner')
  const person = await makePerson(page, name)
  const key = await makeKey(page, person.id)
  await answers(key, 'sim-small', 200)
  await everybodys(page)
  await find(page, key)
  const row = page.getByRole('row').filter({ has: page.getByText(`${key.slice(0, 7)}…`).first() })
  await row.getByRole('link', { name }).waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe(key.slice(0, 7))
  await row.getByRole('button', { name: 'Actions for program' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  const question = page.getByRole('dialog', { name: `Delete program of ${name}?` })
  await question.getByRole('button', { name: 'Delete 1 key' }).click()
  await news(page, '1 key deleted.')
  await page.getByText('No key matches').waitFor()
  await answers(key, 'sim-small', 401)
})

test('keys that nobody uses are found, looked at, changed and rotated', async () => {
  const page = await signedIn()
  const name = unique('Idler')
  const person = await makePerson(page, name)
  const old = await makeKey(page, person.id)
  await everybodys(page)
  await page.getByRole('button', { name: 'Owner: any' }).click()
  await page.getByRole('searchbox', { name: 'Find: Owner' }).fill(name)
  await page.getByRole('button', { name, exact: true }).click()
  await page.getByRole('combobox', { name: 'Used' }).click()
  await page.getByRole('option', { name: 'Never used' }).click()
  await page.getByRole('cell', { name: 'program', exact: true }).click()
  const drawer = page.getByRole('dialog', { name: 'program' })
  await drawer.getByRole('link', { name }).waitFor()
  await drawer.getByText('All that its owner may use').waitFor()
  await drawer.getByText('Everyone').waitFor()
  const { href } = new URL(page.url())

  await drawer.getByRole('button', { name: 'Edit…' }).click()
  const form = page.getByRole('dialog', { name: `Edit program of ${name}` })
  await form.getByLabel('Name').fill('nightly')
  await form.getByRole('button', { name: 'Save' }).click()
  await news(page, 'nightly is changed.')
  await page.goto(href)
  await page.getByRole('dialog', { name: 'nightly' }).getByRole('button', { name: 'Rotate…' }).click()
  const rotation = page.getByRole('dialog', { name: `Rotate nightly of ${name}?` })
  await rotation.getByText(`for you to hand to ${name}`).waitFor()
  await rotation.getByLabel(/^The old secret/).click()
  await page.getByRole('option', { name: 'Not at all: it stops now' }).click()
  await rotation.getByRole('button', { name: 'Rotate key' }).click()
  const shown = page.getByRole('dialog', { name: `New secret of nightly of ${name}` })
  const secret = (await shown.getByTestId('secret').textContent()) ?? ''
  await shown.getByRole('button', { name: 'I have stored it' }).click()
  await answers(secret, 'sim-small', 200)
  await answers(old, 'sim-small', 401)
  await page.getByRole('combobox', { name: 'Expires' }).click()
  await page.getByRole('option', { name: 'Has expired' }).click()
  await page.getByText('No key matches').waitFor()
  await page.getByRole('radio', { name: 'Mine' }).click()
  await expect.poll(() => new URL(page.url()).search).toBe('')
})

test('a manager sees the administrator’s keys and cannot touch them; others see their own', async () => {
  const admin = await signedIn()
  const made = unique('root')
  await call(admin, 'POST', '/users/current/api-keys', { name: made })
  const manager = await makePerson(admin, unique('Manager'))
  await call(admin, 'PATCH', `/users/${manager.id}`, { roles: ['PlatformManager'] })
  await call(admin, 'POST', `/users/${manager.id}/password`, { password: PASSWORD })
  const page = await newPage()
  await signIn(page, { email: manager.email, password: PASSWORD }, '/api-keys?whose=all')
  await page.getByText(made, { exact: true }).first().click()
  const drawer = page.getByRole('dialog', { name: made })
  await drawer.getByText('Everyone').waitFor()
  expect(await drawer.getByRole('button', { name: /…$/ }).count()).toBe(0)
  await page.keyboard.press('Escape')
  expect(await page.getByRole('button', { name: `Actions for ${made}` }).count()).toBe(0)

  const person = await registered()
  await person.goto('/api-keys?whose=all')
  await person.getByText('No keys yet').waitFor()
  expect(await person.getByRole('radio', { name: 'Everybody’s' }).count()).toBe(0)
})

/** A developer who wants to call a model, and whatever may come between. */
import { execFileSync } from 'node:child_process'
import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPage, registered, signedIn, signIn, useBrowser } from './browser'
import { answers, call, makeKey } from './management'
import { ADMIN, PYTHON, SERVER } from './server'

useBrowser()

function clipboard(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText())
}

async function copySnippet(page: Page, name: string): Promise<string> {
  await page.getByRole('tab', { name, exact: true }).click()
  await page.getByRole('tabpanel').getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('tabpanel').getByText('Copied').waitFor()
  return clipboard(page)
}

function runPython(code: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'snippet-')), 'snippet.py')
  writeFileSync(file, code)
  return execFileSync(PYTHON, [file], { encoding: 'utf8' })
}

test('a standard user makes a key beside a snippet, copies it, and it runs', async () => {
  const page = await registered()
  await page.getByRole('button', { name: 'API of sim-small' }).click()
  const dialog = page.getByRole('dialog', { name: 'Use sim-small' })
  expect(await dialog.getByRole('tabpanel').textContent()).toContain('YOUR_API_KEY')
  await dialog.getByRole('button', { name: 'Make a new key' }).click()
  await dialog.getByText('The snippets hold the secret of sim-small.').waitFor()

  const streaming = await copySnippet(page, 'Python')
  expect(streaming).toContain(`base_url="${SERVER}/ai/v1"`)
  expect(streaming).toContain('stream=True')
  await expect.poll(() => tried(() => runPython(streaming)), { timeout: 20_000, interval: 300 }).not.toBe('')
  await dialog.getByLabel('Stream').click()
  for (const name of ['Python', 'Anthropic']) {
    expect(runPython(await copySnippet(page, name)).trim()).not.toBe('')
  }
  const curl = await copySnippet(page, 'curl')
  const answer = JSON.parse(
    execFileSync('sh', ['-c', curl.replace('curl ', 'curl -sS ')], { encoding: 'utf8' }),
  ) as {
    choices: unknown[]
  }
  expect(answer.choices).toHaveLength(1)

  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('cell', { name: 'sim-small', exact: true }).waitFor()
})

/** What it says, or nothing while a new key has not reached the gateways. */
function tried(run: () => string): string {
  try {
    return run().trim()
  } catch {
    return ''
  }
}

test('a key is made, shown once, rotated with grace, and deleted', async () => {
  const page = await registered()
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByText('No keys yet').waitFor()
  await page.getByRole('button', { name: 'Create key' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create an API key' })
  await form.getByRole('button', { name: 'Create key' }).click()
  await form.getByText('A key needs a name.').waitFor()
  await form.getByLabel('Name').fill('ci')
  await form.getByLabel('Requests a second').fill('many')
  await form.getByRole('button', { name: 'Create key' }).click()
  await form.getByText('A number greater than zero.').waitFor()
  await form.getByLabel('Requests a second').fill('5')
  await form.getByLabel('Spending, in $').fill('20')
  await form.getByLabel('Expires').click()
  await page.getByRole('option', { name: 'In 30 days' }).click()
  await form.getByLabel('Models').click()
  await page.getByLabel('sim-small').click()
  await page.keyboard.press('Escape')
  await form.getByRole('button', { name: 'Create key' }).click()

  const shown = page.getByRole('dialog', { name: 'Your new key' })
  const secret = (await shown.getByTestId('secret').textContent()) ?? ''
  expect(secret).toMatch(/^sk-[\w-]{43}$/)
  await page.keyboard.press('Escape')
  expect(await shown.isVisible()).toBe(true)
  await shown.getByRole('button', { name: 'Copy' }).click()
  await shown.getByText('Copied').waitFor()
  expect(await clipboard(page)).toBe(secret)
  await shown.getByRole('button', { name: 'I have stored it' }).click()
  await page.getByRole('cell', { name: 'ci', exact: true }).waitFor()
  expect(await page.content()).not.toContain(secret)

  await page.getByText('ci', { exact: true }).click()
  const details = page.getByRole('dialog', { name: 'ci' })
  await details.getByText('Everyone').waitFor()
  await details.getByText('@example.org').waitFor()
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Actions for ci' }).click()
  await page.getByRole('menuitem', { name: 'Rotate…' }).click()
  await page.getByRole('button', { name: 'Rotate key' }).click()
  const rotated = page.getByRole('dialog', { name: 'New secret of ci' })
  expect(await rotated.getByTestId('secret').textContent()).not.toBe(secret)
  await rotated.getByRole('button', { name: 'I have stored it' }).click()
  await page.getByText('Rotating').waitFor()

  await page.getByRole('button', { name: 'Create key' }).click()
  await form.getByLabel('Name').fill('ci')
  await form.getByRole('button', { name: 'Create key' }).click()
  await form.getByText('You have a key with this name already.').waitFor()
  await form.getByLabel('Name').fill('second')
  await form.getByRole('button', { name: 'Create key' }).click()
  await page.getByRole('button', { name: 'I have stored it' }).click()

  await page.getByLabel('Select all on this page').click()
  await page.getByRole('button', { name: 'Delete 2 keys…' }).click()
  await page
    .getByRole('dialog', { name: 'Delete 2 keys?' })
    .getByRole('button', { name: 'Delete 2 keys' })
    .click()
  await page.getByText('No keys yet').waitFor()
})

test('a key that is edited works otherwise at once', async () => {
  const page = await registered()
  const key = await makeKey(page, 'current')
  await call(page, 'POST', '/users/current/api-keys', { name: 'taken' })
  await answers(key, 'sim-small', 200)
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('button', { name: 'Actions for program' }).click()
  await page.getByRole('menuitem', { name: 'Edit…' }).click()
  const form = page.getByRole('dialog', { name: 'Edit program' })
  await form.getByLabel('Name').fill('taken')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText('You have a key with this name already.').waitFor()
  await form.getByLabel('Name').fill('nightly')
  await form.getByLabel('Description').fill('evaluation')
  await form.getByLabel('Spending, in $').fill('20')
  await form.getByLabel('Requests a second').fill('50')
  await form.getByLabel('Models').click()
  await page.getByLabel('sim-large').click()
  await page.keyboard.press('Escape')
  await form.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('cell', { name: 'nightly', exact: true }).click()
  const drawer = page.getByRole('dialog', { name: 'nightly' })
  await drawer.getByText('evaluation').waitFor()
  await drawer.getByText('of $20.00 a month').waitFor()
  await answers(key, 'sim-large', 200)
  await answers(key, 'sim-small', 403)

  await drawer.getByRole('button', { name: 'Edit…' }).click()
  const again = page.getByRole('dialog', { name: 'Edit nightly' })
  await again.getByLabel('Requests a second').fill('')
  await again.getByRole('button', { name: 'Save' }).click()
  await again.getByText('A rate can be changed, not taken away.').waitFor()
  await again.getByLabel('Requests a second').fill('60')
  await again.getByLabel('Models').click()
  await page.getByLabel('sim-large').click()
  await page.keyboard.press('Escape')
  await again.getByRole('button', { name: 'Save' }).click()
  await again.waitFor({ state: 'detached' })
  await answers(key, 'sim-small', 200)
})

test('who may not read groups and analytics is shown neither', async () => {
  const page = await registered()
  await page.getByRole('cell', { name: 'sim-small' }).first().waitFor()
  expect(await page.getByRole('columnheader', { name: 'Groups' }).count()).toBe(0)
  expect(await page.getByRole('columnheader', { name: 'Requests' }).count()).toBe(0)
  const admin = await signedIn()
  await admin.getByRole('columnheader', { name: 'Requests' }).waitFor()
})

test('a session that has ended is begun again over the page, which loses nothing', async () => {
  const page = await signedIn({}, '/api-keys')
  await page.getByRole('button', { name: 'Create key' }).first().click()
  const form = page.getByRole('dialog', { name: 'Create an API key' })
  await form.getByLabel('Name').fill('typed before')
  await page.context().clearCookies()
  await form.getByRole('button', { name: 'Create key' }).click()
  const door = page.getByRole('dialog', { name: 'Your session has ended' })
  await door.getByText(`Sign in as ${ADMIN.email} to go on.`).waitFor()
  await expect
    .poll(() => door.getByLabel('Password').evaluate((field) => field === document.activeElement))
    .toBe(true)
  await page.keyboard.type('not the password')
  await door.getByRole('button', { name: 'Sign in' }).click()
  await door.getByText('Invalid email or password.').waitFor()
  await door.getByLabel('Password').fill(ADMIN.password)
  await page.keyboard.press('Enter')
  await door.waitFor({ state: 'detached' })
  expect(await form.getByLabel('Name').inputValue()).toBe('typed before')
  await form.getByRole('button', { name: 'Create key' }).click()
  await page.getByTestId('secret').waitFor()
})

test('who opens a page without a session gets to it by signing in', async () => {
  const page = await newPage()
  await signIn(page, ADMIN, '/models?q=large')
  await page.getByRole('cell', { name: 'sim-large' }).first().waitFor()
  expect(new URL(page.url()).searchParams.get('q')).toBe('large')
  await page.goto('/login?return_to=%2Fapi-keys')
  await page.getByRole('heading', { name: 'API keys', level: 1 }).waitFor()
})

test('a server that goes away is waited for', async () => {
  const page = await signedIn()
  await page.getByRole('cell', { name: 'sim-small' }).first().waitFor()
  await page.route('**/*', (route) => route.abort('connectionrefused'))
  await page.getByRole('searchbox', { name: 'Find a model' }).fill('large')
  await page.getByText('Connecting again…').waitFor()
  await page.unroute('**/*')
  await page.getByRole('cell', { name: 'sim-large' }).first().waitFor()
  await page.getByText('Connecting again…').waitFor({ state: 'detached' })
})

test('an address that nothing has says so', async () => {
  const page = await signedIn({}, '/no/such/page')
  await page.getByRole('heading', { name: 'Nothing is here' }).waitFor()
  await page.getByRole('link', { name: 'Go to the start page' }).click()
  await page.getByRole('heading', { name: /^(Models|First steps)$/, level: 1 }).waitFor()
})

test('the theme follows the system until it is chosen, and stays chosen', async () => {
  const page = await newPage({ colorScheme: 'dark' })
  await signIn(page, ADMIN, '/models')
  const dark = () => page.evaluate(() => document.documentElement.classList.contains('dark'))
  expect(await dark()).toBe(true)
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('radio', { name: 'Light' }).click()
  expect(await dark()).toBe(false)
  await page.reload()
  expect(await dark()).toBe(false)
})

/** The first minutes of a new instance. */
import { expect, test } from 'vitest'
import { newPage, signIn, useBrowser } from './browser'
import { ADMIN, SERVER } from './server'

useBrowser()

test('a new administrator chooses a password of their own, and the generated one is worth nothing', async () => {
  const page = await newPage()
  await page.goto('/api-keys?q=ci')
  await page.getByLabel('E-mail').fill(ADMIN.email)
  await page.getByLabel('Password').fill(ADMIN.password)
  await page.getByRole('button', { name: 'Sign in' }).click()

  await page.getByRole('heading', { name: 'Choose your own password' }).waitFor()
  await page.getByLabel('Generated password').fill(ADMIN.password)
  await page.getByLabel('New password').fill('short')
  await page.getByLabel('Once more').fill('shore')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('The two are not the same.').waitFor()
  await page.getByLabel('Once more').fill('short')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('Password must be at least 8 characters.').waitFor()
  expect(await page.getByLabel('New password').getAttribute('aria-invalid')).toBe('true')

  await page.getByLabel('New password').fill('chosen by myself')
  await page.getByLabel('Once more').fill('chosen by myself')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('heading', { name: 'API keys', level: 1 }).waitFor()
  expect(page.url()).toBe(`${SERVER}/api-keys?q=ci`)

  const later = await newPage()
  await later.goto('/')
  await later.getByLabel('E-mail').fill(ADMIN.email)
  await later.getByLabel('Password').fill(ADMIN.password)
  await later.getByRole('button', { name: 'Sign in' }).click()
  await later.getByText('Invalid email or password.').waitFor()
  await signIn(later, { ...ADMIN, password: 'chosen by myself' })
  await later.getByRole('heading', { name: 'First steps', level: 1 }).waitFor()
})

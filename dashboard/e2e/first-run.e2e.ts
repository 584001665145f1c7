/** A new administrator, from the first login to the first request that is seen arriving. */
import { execFileSync } from 'node:child_process'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPage, signIn, useBrowser } from './browser'
import { SERVER } from './server'

useBrowser()

test('each step comes true, and the last one lights up when the request arrives', async () => {
  const page = await newPage()
  await signIn(page)
  await page.getByRole('heading', { name: 'First steps', level: 1 }).waitFor()
  await page.getByRole('heading', { name: 'Connect a provider (not done yet)' }).waitFor()
  await page.getByRole('button', { name: 'Use the simulated provider' }).click()
  await page.getByText('Simulated provider is connected.', { exact: true }).waitFor()

  const step = (title: string) => page.getByRole('listitem').filter({ hasText: title })
  await page.getByRole('heading', { name: 'Discover its models (done)' }).waitFor()
  await step('Connect a provider').getByText('Simulated provider').waitFor()
  await step('Discover its models')
    .getByText(/^\d+ models$/)
    .waitFor()
  await page.getByRole('button', { name: 'Grant all models' }).click()
  await page.getByRole('heading', { name: 'Grant them to a group (done)' }).waitFor()
  await step('Grant them to a group').getByText('Everyone').waitFor()
  await page.getByRole('button', { name: 'Make a key' }).click()
  await page.getByRole('heading', { name: 'Make a key (done)' }).waitFor()

  await step('Make a key')
    .getByText(/^sk-\S+…$/)
    .waitFor()
  await page.getByText('Waiting for a request that is answered…').waitFor()
  await page.getByLabel('Model', { exact: true }).getByText('sim-large').waitFor()
  await page.getByRole('button', { name: 'Copy' }).click()
  const curl = await page.evaluate(() => navigator.clipboard.readText())
  expect(curl).toContain(`${SERVER}/ai/v1/chat/completions`)
  expect(curl).toMatch(/Bearer sk-[\w-]{43}/)
  const wrong = curl.replace('/chat/completions', '/embeddings')
  const failed = page.getByText('ended with status 400')
  await expect.poll(() => (ask(wrong), failed.isVisible()), { timeout: 20_000, interval: 300 }).toBe(true)
  await expect.poll(() => ask(curl), { timeout: 20_000, interval: 300 }).toContain('choices')
  await page.getByText('The first request was answered.').waitFor()
  await step('Send the first request').getByText('sim-large').waitFor()

  await page.getByRole('link', { name: 'See the models' }).click()
  await page.goto('/')
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  await openFromMenu(page)
  await page.getByRole('heading', { name: 'Send the first request (done)' }).waitFor()
})

function ask(curl: string): string {
  return execFileSync('sh', ['-c', curl.replace('curl ', 'curl -sS ')], { encoding: 'utf8' })
}

async function openFromMenu(page: Page) {
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'First steps' }).click()
  await page.getByRole('heading', { name: 'First steps', level: 1 }).waitFor()
}

test('who is not an administrator is never led there', async () => {
  const page = await newPage()
  await page.goto('/register')
  await page.getByLabel('Username').fill('standard')
  await page.getByLabel('E-mail').fill('standard@example.org')
  await page.getByLabel('Password').fill('a long enough password')
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  await page.goto('/first-run')
  await page.getByText('This page is not for your account').waitFor()
  await page.getByRole('button', { name: /^Account of/ }).click()
  expect(await page.getByRole('menuitem', { name: 'First steps' }).count()).toBe(0)
})

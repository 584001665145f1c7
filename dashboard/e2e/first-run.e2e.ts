/** A new administrator, from the first login to the first request that is seen arriving. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newPage, signIn, useBrowser } from './browser'
import { PYTHON, SERVER } from './server'

useBrowser()

let simulator: ChildProcess
let simulatorUrl = ''

beforeAll(async () => {
  simulator = spawn(PYTHON, ['-m', 'control_layer.simulator', '--until-stdin-closes'])
  const [line] = (await once(simulator.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  simulatorUrl = (JSON.parse(line.toString()) as { url: string }).url
})
afterAll(() => simulator.stdin?.end())

test('each step comes true, and the last one lights up when the request arrives', async () => {
  const page = await newPage()
  await signIn(page)
  await page.getByRole('heading', { name: 'First steps', level: 1 }).waitFor()
  await page.getByRole('heading', { name: 'Connect a provider (not done yet)' }).waitFor()
  await page.getByRole('link', { name: 'Use the simulated one' }).click()

  const dialog = page.getByRole('dialog', { name: 'Connect Simulated provider' })
  await dialog.getByText('control-layer simulate', { exact: true }).waitFor()
  await dialog.getByLabel('URL').fill(simulatorUrl)
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await page.getByRole('button', { name: /^Connect with \d+ models$/ }).click()
  await page.getByRole('dialog', { name: 'Simulated provider is connected' }).waitFor()
  await page.getByRole('button', { name: 'Not now' }).click()

  await page.getByRole('heading', { name: 'Discover its models (done)' }).waitFor()
  await page.getByRole('button', { name: 'Grant all models' }).click()
  await page.getByRole('heading', { name: 'Grant them to a group (done)' }).waitFor()
  await page.getByRole('button', { name: 'Make a key' }).click()
  await page.getByRole('heading', { name: 'Make a key (done)' }).waitFor()

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

/** An administrator and the providers behind the models. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedIn, useBrowser } from './browser'
import { call } from './management'

useBrowser()

/** A provider that lists `models` to those who show `key`. */
const provider = { models: ['llama-one', 'llama-two', 'qwen-embed'], key: 'provider-key', url: '' }
let server: Server

beforeAll(async () => {
  server = createServer((request, response) => {
    const allowed = request.headers.authorization === `Bearer ${provider.key}`
    const found = request.url === '/v1/models'
    response.writeHead(allowed ? (found ? 200 : 404) : 401, { 'content-type': 'application/json' })
    const data = provider.models.map((id) => ({ id, object: 'model', owned_by: 'acme' }))
    response.end(
      JSON.stringify(allowed && found ? { object: 'list', data } : { error: { message: 'Not allowed' } }),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
})
afterAll(() => new Promise((closed) => server.close(closed)))

async function act(page: Page, action: string, endpoint: string) {
  await page.getByRole('button', { name: `Actions for ${endpoint}` }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

/** The models of one part of a difference. */
function part(dialog: Locator, title: string): Locator {
  return dialog.locator('details').filter({ has: dialog.page().getByText(title, { exact: true }) })
}

test('a provider is connected: a wrong key is explained, models are chosen, named and granted', async () => {
  const page = await signedIn({}, '/endpoints')
  await page.getByRole('button', { name: 'Connect provider' }).click()
  await page.getByRole('button', { name: 'Custom' }).click()
  const dialog = page.getByRole('dialog', { name: 'Connect a provider' })
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('An endpoint needs a name.').waitFor()
  await dialog.getByText('An address that begins with https:// or http://.').waitFor()

  await dialog.getByLabel('Name').fill('Acme')
  await dialog.getByLabel('URL').fill('http://127.0.0.1:9/v1')
  await dialog.getByLabel('API key').fill('wrong')
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('http://127.0.0.1:9 refused the connection.').waitFor()

  await dialog.getByLabel('URL').fill(provider.url)
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('The provider refused the API key (status 401).').waitFor()
  expect(await dialog.getByLabel('API key').getAttribute('aria-invalid')).toBe('true')

  await dialog.getByLabel('API key').fill(provider.key)
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  const models = page.getByRole('dialog', { name: 'Models of Acme' })
  await models.getByText('It works: the provider lists 3 models.').waitFor()
  await models.getByRole('checkbox', { name: 'llama-two' }).click()
  await models.getByRole('searchbox').fill('llama')
  expect(await models.getByRole('listitem').count()).toBe(2)
  await models.getByLabel('Alias of llama-one').fill('qwen-embed')
  await models.getByText('Two of these are called qwen-embed.').first().waitFor()
  await models.getByLabel('Alias of llama-one').fill('sim-small')
  await models.getByRole('button', { name: 'Connect with 2 models' }).click()
  await models.getByText('Another endpoint’s model is called sim-small.').waitFor()
  await models.getByLabel('Alias of llama-one').fill('acme/one')
  await models.getByRole('button', { name: 'Connect with 2 models' }).click()

  const grant = page.getByRole('dialog', { name: 'Acme is connected' })
  await grant.getByRole('checkbox', { name: /^Everyone/ }).click()
  await grant.getByRole('button', { name: 'Grant to 1 group' }).click()
  await page.getByText('2 models granted to 1 group.').first().waitFor()
  await page.goto('/models?q=acme')
  await page.getByRole('cell', { name: 'acme/one llama-one' }).waitFor()
})

test('a synchronisation shows its difference before anything changes', async () => {
  const page = await signedIn({}, '/endpoints?q=Acme')
  await act(page, 'Choose models…', 'Acme')
  const choosing = page.getByRole('dialog', { name: 'Models of Acme' })
  await choosing.getByRole('checkbox', { name: 'Select all models' }).click()
  await choosing.getByText('3 of 3 chosen').waitFor()
  await choosing.getByRole('checkbox', { name: 'Let in what the provider adds later' }).click()
  await choosing.getByRole('button', { name: 'Save models' }).click()
  await page.getByText('Acme has 3 models now.').first().waitFor()

  provider.models = ['llama-one', 'qwen-embed', 'llama-three', 'sim-small']
  await act(page, 'Synchronise…', 'Acme')
  const dialog = page.getByRole('dialog', { name: 'Synchronise Acme' })
  await part(dialog, 'New').getByText('llama-three').waitFor()
  await part(dialog, 'Gone').getByText('llama-two').waitFor()
  await part(dialog, 'Left out').getByText('sim-small').waitFor()
  expect(await part(dialog, 'Unchanged').locator('summary').textContent()).toContain('2')
  const count = page.getByRole('cell', { name: '3', exact: true, includeHidden: true })
  expect(await count.count()).toBe(1)
  await dialog.getByRole('button', { name: 'Apply 2 changes' }).click()
  await page.getByRole('dialog', { name: 'New at Acme' }).getByRole('button', { name: 'Not now' }).click()
  await page.getByRole('cell', { name: '3 + 1 gone' }).waitFor()

  await act(page, 'Synchronise…', 'Acme')
  await dialog.getByText('Everything is as the provider lists it.').waitFor()
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
})

test('a key is rotated only when the provider takes the new one', async () => {
  const page = await signedIn({}, '/endpoints?q=Acme')
  await act(page, 'Rotate key…', 'Acme')
  const dialog = page.getByRole('dialog', { name: 'Rotate the key of Acme' })
  await dialog.getByLabel('New API key').fill('next-key')
  await dialog.getByRole('button', { name: 'Test and use' }).click()
  await dialog.getByText('The provider refused the key').waitFor()
  provider.key = 'next-key'
  await dialog.getByRole('button', { name: 'Test and use' }).click()
  await page.getByText('Acme uses the new key.').first().waitFor()
  await act(page, 'Synchronise…', 'Acme')
  await page.getByText('Everything is as the provider lists it.').waitFor()
})

test('an endpoint is edited, and tested at once; another address takes its own key', async () => {
  const page = await signedIn({}, '/endpoints?q=Acme')
  await act(page, 'Edit…', 'Acme')
  const dialog = page.getByRole('dialog', { name: 'Edit Acme' })
  await dialog.getByLabel('Name').fill('Acme GPUs')
  await dialog.getByRole('button', { name: 'Save and test' }).click()
  await page.getByText('Acme GPUs saved. The provider answers.').first().waitFor()
  await act(page, 'Edit…', 'Acme GPUs')
  const again = page.getByRole('dialog', { name: 'Edit Acme GPUs' })
  await again.getByLabel('URL').fill(provider.url.replace('127.0.0.1', 'localhost'))
  await again.getByRole('button', { name: 'Save and test' }).click()
  await again.getByText('Give the key of the new address.').waitFor()
  await again.getByLabel('API key').fill('not the right one')
  await again.getByRole('button', { name: 'Save and test' }).click()
  await again.getByText('Saved, but the provider gives no list of models:').waitFor()
  await again.getByText('The provider refused the key').waitFor()
})

test('a provider without a list is connected by naming models, and deleted with them', async () => {
  const page = await signedIn()
  await page.goto('/endpoints?connect=custom')
  const dialog = page.getByRole('dialog', { name: 'Connect a provider' })
  await dialog.getByLabel('Name').fill('Listless')
  await dialog.getByLabel('URL').fill(provider.url.replace('/v1', '/elsewhere/v2'))
  await dialog.getByLabel('API key').fill(provider.key)
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('There is no list of models at this address', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Name the models yourself' }).click()
  const models = page.getByRole('dialog', { name: 'Models of Listless' })
  await models.getByLabel('Models', { exact: true }).fill('by-hand-1\nby-hand-2')
  await models.getByRole('button', { name: 'Connect with 2 models' }).click()
  await page.getByRole('button', { name: 'Not now' }).click()

  await page.getByRole('cell', { name: /^Listless/ }).waitFor()
  await act(page, 'Delete…', 'Listless')
  const confirm = page.getByRole('dialog', { name: 'Delete Listless and 2 models?' })
  await confirm.getByText('by-hand-2').waitFor()
  await confirm.getByRole('button', { name: 'Delete endpoint and 2 models' }).click()
  await page.getByText('Listless deleted.').first().waitFor()
  await page.getByRole('cell', { name: /^Listless/ }).waitFor({ state: 'detached' })
})

test('a cloud is asked for with its own fields, and another dialect than the one that was said is noticed', async () => {
  const page = await signedIn({}, '/endpoints')
  const endpoints = await call<{ name: string; url: string }[]>(page, 'GET', '/endpoints?limit=100')
  const simulated = endpoints.find(({ name }) => name === 'Simulated provider')
  const place = new URL('/bedrock', simulated?.url).href
  await page.getByRole('button', { name: 'Connect provider' }).click()
  await page.getByRole('button', { name: 'Custom' }).click()
  const dialog = page.getByRole('dialog', { name: 'Connect a provider' })
  const speak = async (dialect: string) => {
    await dialog.getByLabel('Dialect').click()
    await page.getByRole('option', { name: dialect, exact: true }).click()
  }
  await dialog.getByLabel('Name').fill('Cloud')
  await dialog.getByLabel('URL').fill(new URL('/anthropic', simulated?.url).href)
  await dialog.getByLabel('API key').fill('any')
  await dialog.getByText('Advanced', { exact: true }).click()
  await dialog.getByLabel('Takes top_k').waitFor()
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('Another API is spoken there').waitFor()

  await dialog.getByLabel('URL').fill(place)
  await speak('Amazon Bedrock')
  expect(await dialog.getByLabel('Takes top_k').count()).toBe(0)
  await dialog.getByLabel('Access key ID').fill('jo@example.org')
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('An id of capital letters and digits', { exact: false }).waitFor()
  await dialog.getByText('Give the secret that belongs to the id.').waitFor()
  await dialog.getByLabel('Access key ID').fill('AKIASIMULATED0000000')
  await dialog.getByLabel('Secret access key').fill('another/secret/access/key/00000000000000')
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('Requests are signed for a region', { exact: false }).last().waitFor()
  await dialog.getByLabel('Region').fill('eu-west-1')
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await dialog.getByText('The provider refused the key').first().waitFor()
  expect(await dialog.getByLabel('Secret access key').getAttribute('aria-invalid')).toBe('true')
  await dialog.getByLabel('Secret access key').fill('simulated/secret/access/key/000000000000')
  await dialog.getByRole('button', { name: 'Test connection' }).click()
  await page
    .getByRole('dialog', { name: 'Models of Cloud' })
    .getByText(/It works/)
    .waitFor()
})

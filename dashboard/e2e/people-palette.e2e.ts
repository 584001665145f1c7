/** The command palette: whatever one may see is reached by its name, from the keyboard alone. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { registered, signedIn, useBrowser } from './browser'
import { makeKey, makeModel, makePerson, unique } from './management'

useBrowser()

/** Types the words, waits for the line, goes down to it, and goes there. */
async function go(page: Page, words: string, line: RegExp) {
  await page.keyboard.press('Control+k')
  const search = page.getByRole('dialog', { name: 'Search' })
  await search.waitFor()
  await page.keyboard.type(words)
  const option = search.getByRole('option', { name: line })
  await option.waitFor()
  for (let steps = 0; (await option.getAttribute('aria-selected')) !== 'true'; steps += 1) {
    expect(steps).toBeLessThan(30)
    await page.keyboard.press('ArrowDown')
  }
  await page.keyboard.press('Enter')
  await search.waitFor({ state: 'detached' })
}

test('an administrator reaches pages, models, people and their keys', async () => {
  const page = await signedIn()
  const model = await makeModel(page)
  const name = unique('Palette').replaceAll(' ', '-')
  const person = await makePerson(page, name)
  const key = await makeKey(page, person.id)

  await go(page, 'budg', /^Usage & cost/)
  await page.getByRole('heading', { name: 'Usage & cost', level: 1 }).waitFor()
  await go(page, 'audit', /^Audit log/)
  await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor()
  await go(page, model.alias, new RegExp(`^${model.alias}$`))
  await page.waitForURL(`**/models/${model.id}**`)
  await go(page, name.toLowerCase(), new RegExp(`^${name} ?${person.email}`))
  await page.getByRole('dialog', { name }).getByRole('tab', { name: 'Profile', selected: true }).waitFor()
  await page.keyboard.press('Escape')
  await go(page, key, new RegExp(`^program ?of ${name}`))
  await page.waitForURL('**/api-keys?**')
  await page.getByRole('dialog', { name: 'program' }).getByRole('link', { name }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('row', { name: new RegExp(`^Select program of ${name}`) }).waitFor()
})

test('a standard user finds what is theirs, and nothing of others', async () => {
  const admin = await signedIn()
  const name = unique('Hidden').replaceAll(' ', '-')
  const model = await makeModel(admin)
  await makeKey(admin, (await makePerson(admin, name)).id)
  const page = await registered()
  await go(page, 'sim-sm', /^sim-small$/)
  await page.getByRole('heading', { name: 'sim-small', level: 1 }).waitFor()
  await page.keyboard.press('Control+k')
  const search = page.getByRole('dialog', { name: 'Search' })
  for (const words of [name, `${name} program`, model.alias, 'audit', 'endpoints']) {
    await search.getByPlaceholder('Find a page').fill(words)
    await search.getByText('Nothing is called that.').waitFor()
    expect(await search.getByRole('option').count(), words).toBe(0)
  }
})

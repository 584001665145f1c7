/** Who may use which models, at a glance, and what comes of changing it. */
import { expect, test } from 'vitest'
import { signedIn, useBrowser } from './browser'
import { answers, call, makeKey, makeModel, makePerson, news, unique, type Made } from './management'

useBrowser()

test('a grant in the matrix opens a model to a key, and taking it back closes it', async () => {
  const page = await signedIn()
  const [model, group] = [await makeModel(page), unique('Readers')]
  const { id: groupId } = await call<Made>(page, 'POST', '/groups', { name: group })
  const person = await makePerson(page, unique('reader'))
  await call(page, 'POST', `/groups/${groupId}/users/${person.id}`)
  const key = await makeKey(page, person.id)
  await answers(key, model.alias, 403)

  await page.goto('/groups?view=matrix')
  await page.getByRole('searchbox', { name: 'Find a model' }).fill(model.alias)
  await page.getByRole('searchbox', { name: 'Find a group' }).fill(group)
  const cell = page.getByRole('checkbox', { name: `${model.alias} for ${group}`, exact: true })
  await cell.click()
  await expect.poll(() => cell.getAttribute('aria-checked')).toBe('true')
  await answers(key, model.alias, 200)

  await page.reload()
  await cell.focus()
  await expect.poll(() => cell.getAttribute('aria-checked')).toBe('true')
  await page.keyboard.press('Space')
  await expect.poll(() => cell.getAttribute('aria-checked')).toBe('false')
  await answers(key, model.alias, 403)
})

test('arrow keys lead through the matrix, and a refused grant is taken back', async () => {
  const page = await signedIn()
  const model = await makeModel(page)
  const groups = [unique('Arrows'), unique('Arrows')]
  for (const name of groups) await call(page, 'POST', '/groups', { name })
  await page.goto(`/groups?view=matrix&q=${model.alias}&groups=Arrows`)
  const first = page.getByRole('checkbox', { name: `${model.alias} for ${groups[0] ?? ''}` })
  const second = page.getByRole('checkbox', { name: `${model.alias} for ${groups[1] ?? ''}` })
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
  await first.focus()
  await page.keyboard.press('ArrowRight')
  expect(await focused()).toBe(await second.getAttribute('aria-label'))
  await page.keyboard.press('ArrowUp')
  expect(await focused()).toBe(`All of ${groups[1] ?? ''}`)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  expect(await focused()).toBe(`All of ${model.alias}`)
  await page.keyboard.press('End')
  expect(await focused()).toBe(await second.getAttribute('aria-label'))
  // There is one way in for Tab: the place where one was.
  expect(await page.locator('table [tabindex="0"]').count()).toBe(1)

  await page.route('**/admin/api/v1/groups/*/models/*', (route) =>
    route.fulfill({ status: 409, body: 'Not today' }),
  )
  await page.keyboard.press('Space')
  await news(page, 'Not today.')
  await expect.poll(() => second.getAttribute('aria-checked')).toBe('false')
})

test('a whole column and a whole row are granted after a question that says how many', async () => {
  const page = await signedIn()
  const models = [await makeModel(page), await makeModel(page), await makeModel(page)]
  const [some, others] = [unique('Bulk'), unique('Bulk')]
  const { id } = await call<Made>(page, 'POST', '/groups', { name: some })
  await call(page, 'POST', '/groups', { name: others })
  await call(page, 'POST', `/groups/${id}/models/${models[0]?.id ?? ''}`)
  const series = (models[0]?.alias ?? '').replace(/\d+$/, '')
  const total = (await call<{ total_count: number }>(page, 'GET', `/models?search=${series}`)).total_count
  await page.goto(`/groups?view=matrix&q=${series}&groups=Bulk`)

  await page.getByRole('button', { name: `All of ${some}` }).click()
  await page.getByRole('menuitem', { name: 'Grant all models found…' }).click()
  const column = page.getByRole('dialog', { name: `Grant ${total - 1} models to ${some}?` })
  await column.getByText(`Of ${total} models, 1 stays as it is`).waitFor()
  await column.getByRole('button', { name: `Grant ${total - 1} models` }).click()
  await news(page, `${total - 1} models granted to ${some}.`)
  for (const { alias } of models) {
    const cell = page.getByRole('checkbox', { name: `${alias} for ${some}` })
    await expect.poll(() => cell.getAttribute('aria-checked')).toBe('true')
  }

  const alias = models[1]?.alias ?? ''
  await page.getByRole('button', { name: `All of ${alias}` }).click()
  await page.getByRole('menuitem', { name: 'Take from all groups found…' }).click()
  const row = page.getByRole('dialog', { name: `Take ${alias} from 1 group?` })
  await row.getByRole('button', { name: 'Take from 1 group' }).click()
  const cell = page.getByRole('checkbox', { name: `${alias} for ${some}` })
  await expect.poll(() => cell.getAttribute('aria-checked')).toBe('false')
})

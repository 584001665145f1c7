/** Many accounts at once. */
import { expect, test } from 'vitest'
import { signedIn, useBrowser } from './browser'
import { call, makePerson, news, unique, type Made } from './management'

useBrowser()

test('chosen people are put into a group, disabled, enabled and deleted together', async () => {
  const page = await signedIn()
  const series = unique('batch').replaceAll(' ', '-')
  const people = [await makePerson(page, `${series}-one`), await makePerson(page, `${series}-two`)]
  const group = unique('Together')
  const { id: groupId } = await call<Made>(page, 'POST', '/groups', { name: group })
  await page.goto(`/users?q=${series}`)
  const choose = async () => {
    await page.getByRole('row', { name: `${series}-two` }).waitFor()
    await page.getByLabel('Select all on this page').click()
    await page.getByRole('toolbar', { name: '2 users chosen' }).waitFor()
  }
  const states = () =>
    Promise.all(people.map(({ id }) => call<{ is_active: boolean }>(page, 'GET', `/users/${id}`)))

  await choose()
  await page.getByRole('button', { name: 'Add to groups' }).click()
  await page.getByRole('searchbox', { name: 'Find a group' }).fill(group)
  await page.getByRole('checkbox', { name: group }).click()
  await page.getByRole('button', { name: 'Add to 1 group' }).click()
  await news(page, '2 users are in 1 group more.')
  const members = await call<{ total_count: number }>(page, 'GET', `/users?group=${groupId}`)
  expect(members.total_count).toBe(2)

  await choose()
  await page.getByRole('button', { name: 'Disable 2…' }).click()
  const question = page.getByRole('dialog', { name: 'Disable 2 users?' })
  await question.getByText(`${series}-one`).waitFor()
  await question.getByRole('button', { name: 'Disable 2 users' }).click()
  await news(page, '2 users disabled.')
  expect((await states()).map(({ is_active }) => is_active)).toEqual([false, false])

  await choose()
  await page.getByRole('button', { name: 'Enable 2…' }).click()
  await page.getByRole('button', { name: 'Enable 2 users' }).click()
  await news(page, '2 users enabled.')
  expect((await states()).map(({ is_active }) => is_active)).toEqual([true, true])

  await choose()
  await page.getByRole('button', { name: 'Delete 2…' }).click()
  await page.getByRole('button', { name: 'Delete 2 users' }).click()
  await page.getByText('Nobody matches').waitFor()
})

test('whoever chooses everybody keeps their own account', async () => {
  const page = await signedIn()
  const name = unique('bystander').replaceAll(' ', '-')
  await makePerson(page, name)
  await page.goto('/users?q=@example.org&per=100&sort=created_at&dir=asc')
  await page.getByLabel('Select admin').click()
  await page.getByRole('toolbar', { name: '1 user chosen' }).waitFor()
  expect(await page.getByRole('button', { name: /^(Disable|Delete) / }).count()).toBe(0)
})

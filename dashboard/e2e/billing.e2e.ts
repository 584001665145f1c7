/** Credits that are given and taken, and what is told of them. */
import { expect, test } from 'vitest'
import { registered, signedIn, useBrowser } from './browser'
import { call, news, type Made } from './management'

useBrowser()

test('a grant changes a balance, and so does a removal', async () => {
  const admin = await signedIn()
  const page = await registered()
  const { email } = await call<Made & { email: string }>(page, 'GET', '/users/current')
  await page.getByRole('link', { name: 'Billing' }).click()
  await page.getByText('Requests to models with a price are refused').waitFor()
  await page.getByText('Nothing yet').waitFor()
  expect(await page.getByRole('button', { name: 'Give or take credits' }).count()).toBe(0)

  await admin.goto('/billing')
  const dialog = admin.getByRole('dialog', { name: 'Give or take credits' })
  const move = async (way: string, amount: string, reason: string) => {
    await admin.getByRole('button', { name: 'Give or take credits' }).click()
    await dialog.getByRole('radio', { name: way }).click()
    await dialog.getByLabel('Account').click()
    await admin.getByPlaceholder('Find a user').fill(email)
    await admin.getByRole('option', { name: email }).click()
    await dialog.getByLabel('Amount, in $').fill('nothing')
    await dialog.getByRole('button', { name: `${way} credits` }).click()
    await dialog.getByText('An amount greater than zero.').waitFor()
    await dialog.getByLabel('Amount, in $').fill(amount)
    await dialog.getByLabel('Reason').fill(reason)
    await dialog.getByRole('button', { name: `${way} credits` }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  await move('Give', '12.50', 'A good start')
  await news(admin, '$12.50 given to')
  await move('Take', '2.25', 'Too much')

  await page.reload()
  await page.getByText('$10.25').first().waitFor()
  const lines = page.getByRole('region', { name: 'Transactions' }).getByRole('row')
  await lines.nth(2).waitFor()
  expect((await lines.nth(1).getByRole('cell').allTextContents()).slice(-2)).toEqual(['−$2.25', '$10.25'])
  expect((await lines.nth(2).getByRole('cell').allTextContents()).slice(-2)).toEqual(['+$12.50', '$12.50'])
  await page.getByRole('combobox', { name: 'Kind' }).click()
  await page.getByRole('option', { name: 'Removal' }).click()
  await page.getByText('A good start').waitFor({ state: 'detached' })
  await page.getByText('Too much').waitFor()
  await page.getByLabel('To', { exact: true }).fill('2020-01-01')
  await page.getByText('Nothing matches').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()
  await page.getByText('A good start').waitFor()

  await admin.getByRole('radio', { name: 'Everybody’s' }).click()
  await admin.getByRole('region', { name: 'Transactions' }).getByText(email).first().waitFor()
  await admin.getByRole('button', { name: 'Account: any' }).click()
  await admin.getByRole('searchbox', { name: 'Find: Account' }).fill(email)
  await admin.getByRole('dialog', { name: 'Account' }).getByRole('button').last().click()
  await admin.getByText(/^Balance of/).waitFor()
  await admin.getByText('$10.25').first().waitFor()
})

/** Credits that people buy, where payments are on. */
import { test } from 'vitest'
import { newPage, registered, useBrowser } from './browser'
import { news } from './management'

useBrowser()

test('credits are bought, and then by themselves', async () => {
  const page = await registered()
  await page.getByRole('link', { name: 'Billing' }).click()
  await page.getByText('$0.00').first().waitFor()
  await page.getByRole('button', { name: 'Buy credits' }).click()
  await news(page, 'Paid. The credits are there.')
  await page.getByText('$25.00').first().waitFor()
  await page.waitForURL(/\/billing$/)

  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByLabel('Below, in $').fill('-1')
  await page.getByLabel('In a month, in $').fill('1')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.getByText('An amount, zero or more.').waitFor()
  await page.getByText('At least as much as is bought at once.').waitFor()
  await page.getByLabel('Below, in $').fill('5')
  await page.getByLabel('In a month, in $').fill('100')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page
    .getByText('Buys $25.00 when the balance is below $5.00, and at most $100.00 in a month.')
    .waitFor()
  await page.getByRole('button', { name: 'Turn off' }).click()
  await page.getByText('Buys credits by itself when').waitFor()
})

test('a payment that was given up is said to be', async () => {
  const page = await registered()
  await page.goto('/cost-management?payment=cancelled&session_id=dummy_session_x')
  await news(page, 'Nothing was paid.')
  await page.getByText('$0.00').first().waitFor()
  const outside = await newPage()
  await outside.goto('/cost-management?payment=cancelled')
  await outside.getByRole('button', { name: 'Sign in' }).waitFor()
})

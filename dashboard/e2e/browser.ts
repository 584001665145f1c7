/** A headless Chromium, and pages that report what must never happen in them. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium } from './chromium'
import { ADMIN, SERVER } from './server'

const TOLD_CHARACTERS = 3000

let browser: Browser
let pages: Page[] = []
let offences: string[] = []

/** For the top of a test file. */
export function useBrowser() {
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') for (const page of pages) await tell(page, task.name)
    for (const page of pages) await page.context().close()
    const found = offences
    pages = []
    offences = []
    expect(found).toEqual([])
  })
  afterAll(() => browser.close())
}

/** Where a test that failed has left a page: what stood there. */
async function tell(page: Page, test: string) {
  const text = await page.locator('body').innerText()
  console.error(`${test}: ${page.url()}\n${text.slice(-TOLD_CHARACTERS)}`)
}

/** A page in a browser of its own: nobody is signed in. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({
    baseURL: SERVER,
    viewport: { width: 1360, height: 860 },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  page.on('pageerror', (error) => offences.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) offences.push(message.text())
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (/^https?:$/.test(url.protocol) && url.origin !== SERVER)
      offences.push(`another origin: ${request.url()}`)
  })
  pages.push(page)
  return page
}

export async function signIn(page: Page, who = ADMIN, to = '/') {
  await page.goto(to)
  await page.getByLabel('E-mail').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page
    .getByRole('navigation', { name: 'Pages' })
    .or(page.getByRole('button', { name: 'Open the menu' }))
    .first()
    .waitFor()
}

/** The administrator, signed in; not at the start page, which depends on what was done before. */
export async function signedIn(options: BrowserContextOptions = {}, to = '/models'): Promise<Page> {
  const page = await newPage(options)
  await signIn(page, ADMIN, to)
  return page
}

let number = 0

/** A new person with an account of their own, signed in. */
export async function registered(options: BrowserContextOptions = {}): Promise<Page> {
  number += 1
  const name = `person-${process.pid}-${number}`
  const page = await newPage(options)
  await page.goto('/register')
  await page.getByLabel('Username').fill(name)
  await page.getByLabel('E-mail').fill(`${name}@example.org`)
  await page.getByLabel('Password').fill('a long enough password')
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  return page
}

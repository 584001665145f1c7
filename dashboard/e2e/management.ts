/** What journeys find in place: people, groups, models and keys, made through the management API. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { SERVER } from './server'

export interface Made {
  id: string
}

/** A call of the management API by whoever is signed in. */
export async function call<Answer>(
  page: Page,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const { status, text } = await page.evaluate(
    async ([verb, address, content]) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`/admin/api/v1${address ?? ''}`, {
        method: verb ?? '',
        ...(content === null ? {} : { headers, body: content ?? '' }),
      })
      return { status: answer.status, text: await answer.text() }
    },
    [method, path, body === undefined ? null : JSON.stringify(body)],
  )
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300)
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

let number = 0

/** What no other journey has. */
export function unique(name: string): string {
  number += 1
  return `${name} ${process.pid}-${number}`
}

export async function makePerson(page: Page, name: string): Promise<Made & { email: string }> {
  const email = `${name.replaceAll(' ', '.')}@example.org`
  const body = { username: email, email, display_name: name, roles: [], sign_in: 'password' }
  return { ...(await call<Made>(page, 'POST', '/users', body)), email }
}

/** A model that nobody is granted. It works, if the simulated provider has one of that name. */
export async function makeModel(page: Page, model_name = 'sim-small'): Promise<Made & { alias: string }> {
  const alias = unique('model').replaceAll(' ', '-')
  const endpoints = await call<(Made & { name: string })[]>(page, 'GET', '/endpoints')
  const endpoint = endpoints.find(({ name }) => name === 'Simulated provider')
  const body = { type: 'standard', model_name, alias, hosted_on: endpoint?.id }
  return { ...(await call<Made>(page, 'POST', '/models', body)), alias }
}

export async function makeKey(page: Page, userId: string): Promise<string> {
  return (await call<{ key: string }>(page, 'POST', `/users/${userId}/api-keys`, { name: 'program' })).key
}

/** What a gateway answers to a program with this key. */
async function asked(key: string, model: string): Promise<number> {
  const answer = await fetch(`${SERVER}/ai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 5 }),
  })
  return answer.status
}

/** Short news, which is said to those who cannot see it too. */
export function news(page: Page, text: string) {
  return page.getByText(text).first().waitFor()
}

export async function answers(key: string, model: string, status: number) {
  await expect.poll(() => asked(key, model), { timeout: 20_000, interval: 200 }).toBe(status)
}

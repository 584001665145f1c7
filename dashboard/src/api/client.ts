/** The management API. Paths, bodies and answers are typed by its OpenAPI document, so pages cannot drift from it. */
import createClient from 'openapi-fetch'
import { Problem } from './problem'
import type { components, paths } from './schema'

export type Schema = components['schemas']

async function asking(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch (error) {
    if (request.signal.aborted) throw error
    throw Problem.silence()
  }
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  // JSON before text: errors come as problem details, with the fields they are about.
  headers: { accept: 'application/json, application/problem+json' },
  fetch: asking,
})

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** The answer's body. Throws `Problem` for everything but success. */
export async function must<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call
  if (!response.ok) throw Problem.of(response.status, error)
  return data as Data
}

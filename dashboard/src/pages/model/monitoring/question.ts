/** What a probe asks, as its form holds it. */
import type { Schema } from '@/api/client'
import type { Probe } from '../queries'

export const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'].map((value) => ({ value, label: value }))

export interface Question {
  interval_seconds: string
  http_method: string
  request_path: string
  /** JSON; empty: what fits the model. */
  request_body: string
}

export function questionOf(probe: Probe | undefined): Question {
  const body: unknown = probe?.request_body
  return {
    interval_seconds: String(probe?.interval_seconds ?? 60),
    http_method: probe?.http_method ?? 'POST',
    request_path: probe?.request_path ?? '',
    request_body: body == null ? '' : JSON.stringify(body, null, 2),
  }
}

/** What is left empty is what fits the model's type. */
export function asked(values: Question): Schema['ProbeTest'] {
  const body = values.request_body.trim()
  return {
    http_method: values.http_method,
    request_path: values.request_path.trim(),
    request_body: body === '' ? '' : (JSON.parse(body) as unknown),
  }
}

export function json(text: string): true | string {
  if (text.trim() === '') return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return 'This is no JSON.'
  }
}

/** What the playground's address may say. */
export interface PlaygroundSearch {
  /** An alias or an id. */
  model?: string
  /** The id of a request of the log. */
  request?: string
}

export function playgroundSearch(raw: Record<string, unknown>): PlaygroundSearch {
  const said = (value: unknown) => (typeof value === 'string' && value !== '') || typeof value === 'number'
  return {
    ...(said(raw.model) ? { model: String(raw.model) } : {}),
    ...(said(raw.request) ? { request: String(raw.request) } : {}),
  }
}

/** The smallest request that a model answers, for a terminal. */

export interface FirstRequest {
  /** With `/ai/v1` at its end. */
  baseUrl: string
  /** `undefined`: a placeholder stands in its place. */
  key: string | undefined
  model: string
  /** The API's `model_type`. */
  type: string | null
}

export function firstCurl({ baseUrl, key, model, type }: FirstRequest): string {
  const [path, body] = ask(model, type)
  // A quote within single quotes of a shell: end, escaped quote, begin again.
  const json = JSON.stringify(body).replaceAll("'", "'\\''")
  return [
    `curl ${baseUrl}${path} \\`,
    `  -H 'Authorization: Bearer ${key ?? 'YOUR_API_KEY'}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${json}'`,
  ].join('\n')
}

function ask(model: string, type: string | null): [path: string, body: object] {
  switch (type) {
    case 'EMBEDDINGS':
      return ['/embeddings', { model, input: ['Hello!'] }]
    case 'RERANKER':
      return ['/rerank', { model, query: 'Hello!', documents: ['Hello.', 'Goodbye.'] }]
    default:
      return ['/chat/completions', { model, messages: [{ role: 'user', content: 'Hello!' }] }]
  }
}

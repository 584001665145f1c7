import { expect, it } from 'vitest'
import { firstCurl } from './first-curl'

const REQUEST = { baseUrl: 'http://h/ai/v1', key: 'sk-x', model: "it's", type: 'CHAT' }

it('is a request that a shell understands', () => {
  expect(firstCurl(REQUEST)).toBe(
    [
      'curl http://h/ai/v1/chat/completions \\',
      "  -H 'Authorization: Bearer sk-x' \\",
      "  -H 'Content-Type: application/json' \\",
      `  -d '{"model":"it'\\''s","messages":[{"role":"user","content":"Hello!"}]}'`,
    ].join('\n'),
  )
})

it('asks each type of model what it can answer', () => {
  expect(firstCurl({ ...REQUEST, type: 'EMBEDDINGS' })).toContain('/embeddings')
  expect(firstCurl({ ...REQUEST, type: 'RERANKER' })).toContain('/rerank')
  expect(firstCurl({ ...REQUEST, type: null, key: undefined })).toContain('Bearer YOUR_API_KEY')
})

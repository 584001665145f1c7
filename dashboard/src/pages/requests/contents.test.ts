import { describe, expect, it } from 'vitest'
import { contentsOf, messageOf } from './contents'
import type { Detail } from './queries'
import { isReplayable } from './replay'

function detail(uri: string, request: unknown, response: unknown, type = 'application/json'): Detail {
  const kind = typeof response === 'string' ? 'base64' : 'json'
  return {
    uri,
    bodies: {
      request: { kind: 'json', content: request, truncated: false },
      response: { kind, content: response, truncated: false },
      redacted: {},
    },
    headers: { request: [], response: [{ name: 'content-type', value: type }] },
  } as unknown as Detail
}

describe('what was no conversation', () => {
  it('is texts and their vectors, as numbers or as the bytes that SDKs ask for', () => {
    const asked = { model: 'e', input: ['one', 'two'], dimensions: 2 }
    const found = contentsOf(
      detail('/ai/v1/embeddings', asked, { data: [{ embedding: [0.5, 1] }, { embedding: 'AAAAPwAAgD8=' }] }),
    )
    const vector = { dimensions: 2, begins: [0.5, 1] }
    expect(found).toMatchObject({
      kind: 'embeddings',
      texts: ['one', 'two'],
      vectors: [vector, vector],
      parameters: [['dimensions', '2']],
    })
  })

  it('is documents in the order that they were given', () => {
    const asked = { query: 'q', documents: ['a', { text: 'b' }] }
    const results = [
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.1 },
    ]
    expect(contentsOf(detail('/ai/v2/rerank', asked, { results }))).toMatchObject({
      query: 'q',
      documents: [
        { text: 'b', score: 0.9 },
        { text: 'a', score: 0.1 },
      ],
    })
  })

  it('is pictures, sounds, transcripts and verdicts', () => {
    const images = { data: [{ b64_json: 'AA==', revised_prompt: 'a cat' }, { url: 'https://x.test/1.png' }] }
    expect(contentsOf(detail('/ai/v1/images/generations?x=1', { prompt: 'cat' }, images))).toMatchObject({
      prompt: 'cat',
      images: [
        { source: 'data:image/png;base64,AA==', prompt: 'a cat' },
        { source: 'https://x.test/1.png', prompt: '' },
      ],
    })
    const speech = detail('/ai/v1/audio/speech', { input: 'Hi' }, 'AAEC', 'audio/wav')
    expect(contentsOf(speech)).toMatchObject({ said: 'Hi', sound: 'data:audio/wav;base64,AAEC' })
    const page = detail('/ai/v1/audio/speech', { input: 'Hi' }, 'AAEC', 'text/html')
    expect(contentsOf(page)).toMatchObject({ sound: '' })
    const transcript = detail('/ai/v1/audio/transcriptions', 'a form', { text: 'Hello' })
    expect(contentsOf(transcript)).toMatchObject({ said: 'Hello' })
    const verdict = { results: [{ flagged: true, categories: { hate: true, violence: false } }] }
    expect(contentsOf(detail('/ai/v1/moderations', { input: 'x' }, verdict))).toMatchObject({
      texts: ['x'],
      verdicts: [{ flagged: true, categories: ['hate'] }],
    })
  })

  it.each(['embeddings', 'rerank', 'images/edits', 'audio/speech', 'audio/translations', 'moderations'])(
    'survives whatever was said to %s',
    (path) => {
      for (const odd of [
        null,
        3,
        [],
        [[]],
        'x',
        { input: [1, 'a'], data: [3, { embedding: '%' }], results: [3] },
      ]) {
        const found = contentsOf(detail(`/ai/v1/${path}`, odd, odd))
        expect(found).toBeDefined()
      }
    },
  )

  it('says what went wrong in the words of the answer', () => {
    const failed = detail('/ai/v1/embeddings', {}, { error: { message: 'Too long.' } })
    expect([contentsOf(failed)?.error, messageOf(failed)]).toEqual(['Too long.', 'Too long.'])
    expect(messageOf(detail('/ai/v1/embeddings', {}, {}))).toBeUndefined()
  })
})

describe('a request', () => {
  it('can be replayed where the playground has a form and all of it is kept', () => {
    expect(isReplayable(detail('/ai/v1/responses', {}, {}))).toBe(true)
    expect(isReplayable(detail('/ai/v1/audio/speech', {}, {}))).toBe(false)
    const cut = detail('/ai/v1/embeddings', {}, {})
    if (cut.bodies != null) cut.bodies.request.truncated = true
    expect(isReplayable(cut)).toBe(false)
  })
})

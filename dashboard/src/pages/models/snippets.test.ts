import { describe, expect, it } from 'vitest'
import { kindsOf, snippet, streams, type SnippetOptions } from './snippets'

const options: SnippetOptions = {
  baseUrl: 'https://ai.example.org/ai/v1',
  key: 'sk-secret',
  model: 'gpt-4o',
  type: 'CHAT',
  stream: false,
}

describe('snippets', () => {
  it('name the model, the key and the base URL', () => {
    for (const { kind } of kindsOf('CHAT')) {
      const code = snippet(kind, options)
      expect(code).toContain('gpt-4o')
      expect(code).toContain('sk-secret')
      expect(code).toContain('https://ai.example.org/ai')
    }
  })

  it('stream where that is asked for', () => {
    for (const { kind } of kindsOf('CHAT')) {
      expect(snippet(kind, { ...options, stream: true })).not.toBe(snippet(kind, options))
    }
  })

  it('leave the version to Anthropic’s SDK, which adds it', () => {
    expect(snippet('anthropic', options)).toContain('base_url="https://ai.example.org/ai",')
  })

  it('ask an embedding model for embeddings, and no Anthropic SDK for them', () => {
    expect(snippet('python', { ...options, type: 'EMBEDDINGS' })).toContain('client.embeddings.create(')
    expect(kindsOf('EMBEDDINGS').map(({ kind }) => kind)).not.toContain('anthropic')
    expect(streams('EMBEDDINGS')).toBe(false)
  })

  it('keep a quote in a name from ending the shell’s string', () => {
    expect(snippet('curl', { ...options, model: "o'brien" })).toContain(`o'\\''brien`)
  })

  it('treat a model of unknown type as one that chats', () => {
    expect(kindsOf(null).length).toBe(5)
    expect(streams(null)).toBe(true)
  })
})

describe('a snippet of a request', () => {
  const request = {
    messages: [{ role: 'user', content: 'Say "hi".' }],
    temperature: 0.5,
    top_k: 4,
    logprobs: true,
  }

  it('says it in the arguments of Python’s SDK, and what that has none for beside them', () => {
    const code = snippet('python', { ...options, request })
    expect(code).toContain('messages=[{"role": "user", "content": "Say \\"hi\\"."}],')
    expect(code).toContain('    temperature=0.5,\n    logprobs=True,\n    extra_body={"top_k": 4},\n')
    expect(code).not.toContain('Hello!')
  })

  it('says it in the fields of JavaScript and of HTTP', () => {
    expect(snippet('node', { ...options, request })).toContain('  top_k: 4,\n')
    const sent = /-d '([^']*)'/.exec(snippet('curl', { ...options, request }))?.[1] ?? ''
    expect(JSON.parse(sent)).toEqual({ model: 'gpt-4o', ...request })
  })
})

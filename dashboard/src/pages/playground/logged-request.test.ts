import { describe, expect, it } from 'vitest'
import { messagesOf } from './conversation'
import { openRequest } from './logged-request'

type Detail = Parameters<typeof openRequest>[0]

function detail(uri: string, content: unknown, body: object = {}): Detail {
  const request = { kind: 'json', content, truncated: false, ...body }
  return { uri, model: 'm', model_id: '1', asked_model: null, bodies: { request } } as unknown as Detail
}

function opened(uri: string, content: unknown) {
  const found = openRequest(detail(uri, content))
  if ('refusal' in found) throw new Error(found.refusal)
  return found.changes
}

describe('a logged request', () => {
  it('becomes a conversation whose last prompt is to be sent', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: '42' },
      { role: 'assistant', content: 'First' },
      { role: 'user', content: [{ type: 'text', text: 'Two' }] },
    ]
    const state = opened('/ai/v1/chat/completions', {
      messages,
      temperature: 0,
      top_k: 4,
      stream: true,
      tools: [{ type: 'function', function: { name: 'f' } }],
    })
    const column = state.columns?.[0]
    expect(state.draft).toEqual({ text: 'Two', images: [] })
    expect(state.system).toBe('Be brief.')
    expect(state.parameters).toMatchObject({ temperature: '0', stream: true, extra: '{\n  "top_k": 4\n}' })
    // Sent again, it is what it was.
    const again = [...(state.turns ?? []), { id: 'x', text: 'Two', images: [], replies: {} }]
    expect(messagesOf(state.system ?? '', again, column?.id ?? '')).toEqual([
      ...messages.slice(0, -1),
      { role: 'user', content: 'Two' },
    ])
  })

  it('is understood in Anthropic’s words', () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'AA==' }
    const state = opened('/ai/v1/messages', {
      system: 'Be brief.',
      max_tokens: 10,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source },
            { type: 'text', text: 'What?' },
          ],
        },
      ],
    })
    expect(state.draft).toEqual({ text: 'What?', images: ['data:image/png;base64,AA=='] })
    expect([state.system, state.parameters?.max_tokens]).toEqual(['Be brief.', '10'])
  })

  it('is the same conversation through whichever API it was asked', () => {
    const tools = [
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } },
    ]
    const chat = {
      max_tokens: 10,
      tools,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'One' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: '42' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
      ],
    }
    const messages = {
      max_tokens: 10,
      system: 'Be brief.',
      thinking: { type: 'enabled' },
      tools: [{ name: 'f', description: 'd', input_schema: { type: 'object' } }, { type: 'web_search' }],
      messages: [
        { role: 'user', content: 'One' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: { a: 1 } }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c', content: '42' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
          ],
        },
      ],
    }
    const responses = {
      max_output_tokens: 10,
      instructions: 'Be brief.',
      store: false,
      tools: [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' } }],
      input: [
        { role: 'user', content: 'One' },
        { type: 'reasoning', summary: [] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'c', output: '42' },
        {
          type: 'message',
          role: 'user',
          content: [{ type: 'input_image', image_url: 'data:image/png;base64,AA==' }],
        },
      ],
    }
    const said = (path: string, body: object) => {
      const { columns, turns, draft, system, parameters } = opened(path, body)
      const turn = turns?.[0]
      const replies = turn?.replies[columns?.[0]?.id ?? '']?.map(({ text, calls }) => ({ text, calls }))
      return { asked: turn?.text, replies, draft, system, parameters }
    }
    const expected = said('/ai/v1/chat/completions', chat)
    expect(expected.replies?.[0]?.calls).toEqual([{ id: 'c', name: 'f', arguments: '{"a":1}', result: '42' }])
    expect(said('/ai/v1/messages', messages)).toEqual(expected)
    expect(said('/ai/v1/responses', responses)).toEqual(expected)
    expect(said('/ai/v1/responses', { input: 'Hi' }).draft?.text).toBe('Hi')
    expect(said('/ai/v1/completions', { prompt: 'Hi' }).draft?.text).toBe('Hi')
  })

  it('fetches no picture from elsewhere', () => {
    const content = [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }]
    expect(
      opened('/ai/v1/chat/completions', { messages: [{ role: 'user', content }] }).draft?.images,
    ).toEqual([])
  })

  it('may be one for vectors, or for an order', () => {
    expect(opened('/ai/v1/embeddings', { input: ['a', 'b'] }).texts).toEqual(['a', 'b'])
    const ranked = opened('/ai/v1/rerank', { query: 'q', documents: ['a', { text: 'b' }] })
    expect([ranked.query, ranked.documents]).toEqual(['q', ['a', 'b']])
  })

  it('says why it cannot be opened', () => {
    const refusals = [
      { ...detail('/ai/v1/chat/completions', {}), bodies: null },
      detail('/ai/v1/chat/completions', {}, { truncated: true }),
      detail('/ai/v1/chat/completions', 'text', { kind: 'text' }),
      detail('/ai/v1/images/generations', {}),
    ].map((each) => openRequest(each))
    expect(refusals.every((each) => 'refusal' in each)).toBe(true)
  })
})

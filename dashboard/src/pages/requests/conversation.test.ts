import { describe, expect, it } from 'vitest'
import { conversationOf } from './conversation'

const CHAT = '/ai/v1/chat/completions'

function bodies(request: unknown, response: unknown) {
  const kind = typeof response === 'string' ? ('text' as const) : ('json' as const)
  return {
    request: { kind: 'json' as const, content: request, truncated: false },
    response: { kind, content: response, truncated: false },
    redacted: {},
  }
}

function stream(...events: unknown[]): string {
  return [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'].join('')
}

describe('a conversation', () => {
  it('of chat completions has system, tools, images and calls', () => {
    const request = {
      model: 'gpt',
      temperature: 0.2,
      tools: [{ type: 'function', function: { name: 'weather' } }],
      messages: [
        { role: 'system', content: 'Be short.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Where is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: '{"city":"Rome"}' },
      ],
    }
    const message = {
      role: 'assistant',
      content: null,
      reasoning_content: 'Hm.',
      tool_calls: [
        { id: 'c2', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
      ],
    }
    const found = conversationOf(
      CHAT,
      bodies(request, { choices: [{ message, finish_reason: 'tool_calls' }] }),
    )
    expect(found?.asked).toEqual([
      { role: 'system', parts: [{ kind: 'text', text: 'Be short.' }] },
      {
        role: 'user',
        parts: [
          { kind: 'text', text: 'Where is this?' },
          { kind: 'image', source: 'data:image/png;base64,AA==' },
        ],
      },
      { role: 'tool', parts: [{ kind: 'result', id: 'c1', text: '{"city":"Rome"}' }] },
    ])
    expect(found?.answered).toEqual([
      {
        role: 'assistant',
        note: 'tool_calls',
        parts: [
          { kind: 'thinking', text: 'Hm.' },
          { kind: 'call', name: 'weather', id: 'c2', input: '{\n  "city": "Rome"\n}' },
        ],
      },
    ])
    expect(found?.tools).toEqual(['weather'])
    expect(found?.parameters).toEqual([['temperature', '0.2']])
  })

  it('of a streamed chat completion is the same as of one in one piece', () => {
    const delta = (content: object, finish_reason: string | null = null) => ({
      choices: [{ index: 0, delta: content, finish_reason }],
    })
    const call = (id: string | undefined, args: string) => ({
      tool_calls: [
        { index: 0, ...(id === undefined ? {} : { id }), function: { name: id && 'f', arguments: args } },
      ],
    })
    const streamed = stream(
      delta({ role: 'assistant', content: 'Hel' }),
      delta({ content: 'lo' }),
      delta(call('c', '{"a"')),
      delta(call(undefined, ':1}')),
      delta({}, 'tool_calls'),
      { choices: [], usage: { prompt_tokens: 1 } },
    )
    const message = {
      role: 'assistant',
      content: 'Hello',
      tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{"a":1}' } }],
    }
    const whole = { choices: [{ message, finish_reason: 'tool_calls' }] }
    const request = { messages: [{ role: 'user', content: 'Hi' }] }
    const expected = conversationOf(CHAT, bodies(request, whole))
    expect(conversationOf(CHAT, bodies(request, streamed))).toEqual(expected)
    expect(conversationOf(CHAT, bodies(request, streamed.replaceAll('\n', '\r\n')))).toEqual(expected)
  })

  it('of Messages folds text, thinking and tools', () => {
    const request = { system: 'Be kind.', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 }
    const streamed = stream(
      { type: 'message_start', message: { role: 'assistant', content: [], usage: { input_tokens: 3 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'So.' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hello' } },
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
      },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '1}' } },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } },
      { type: 'message_stop' },
    )
    const found = conversationOf('/ai/v1/messages?beta=true', bodies(request, streamed))
    expect(found?.asked.map(({ role }) => role)).toEqual(['system', 'user'])
    expect(found?.answered).toEqual([
      {
        role: 'assistant',
        note: 'tool_use',
        parts: [
          { kind: 'thinking', text: 'So.' },
          { kind: 'text', text: 'Hello' },
          { kind: 'call', name: 'f', id: 't', input: '{\n  "a": 1\n}' },
        ],
      },
    ])
  })

  it('of Responses is read from the last event, or from what came before it broke off', () => {
    const output = [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] }]
    const begun = [
      { type: 'response.created', response: { output: [] } },
      { type: 'response.output_text.delta', output_index: 0, delta: 'Hel' },
      { type: 'response.output_text.delta', output_index: 0, delta: 'lo' },
    ]
    const request = { instructions: 'Be short.', input: 'Hi' }
    const turn = [{ role: 'assistant', parts: [{ kind: 'text', text: 'Hello' }] }]
    for (const events of [[...begun, { type: 'response.completed', response: { output } }], begun]) {
      const found = conversationOf('/ai/v1/responses', bodies(request, stream(...events)))
      expect(found?.answered).toEqual(turn)
      expect(found?.asked.map(({ role }) => role)).toEqual(['system', 'user'])
    }
  })

  it('with an error says what was wrong', () => {
    const request = { messages: [{ role: 'user', content: 'Hi' }] }
    const found = conversationOf(CHAT, bodies(request, { error: { message: 'No.' } }))
    expect([found?.error, found?.answered]).toEqual(['No.', []])
  })

  it('has sounds, files and the tools of a provider', () => {
    const request = {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'mp3' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' } },
          ],
        },
      ],
    }
    const message = { role: 'assistant', content: null, audio: { data: 'AA==', transcript: 'Hello' } }
    const found = conversationOf(CHAT, bodies(request, { choices: [{ message }] }))
    expect(found?.asked[0]?.parts).toEqual([
      { kind: 'audio', source: 'data:audio/mpeg;base64,AA==', text: '' },
      { kind: 'other', name: 'A file', json: 'a.pdf' },
    ])
    expect(found?.answered[0]?.parts).toEqual([
      { kind: 'audio', source: 'data:audio/wav;base64,AA==', text: 'Hello' },
    ])
    const output = [{ type: 'custom_tool_call', name: 'f', call_id: 'c', input: 'x' }]
    const incomplete = { output, incomplete_details: { reason: 'max_output_tokens' } }
    const response = conversationOf('/ai/v1/responses', bodies({ input: 'Hi' }, incomplete))
    expect(response?.answered).toEqual([
      {
        role: 'assistant',
        note: 'max_output_tokens',
        parts: [{ kind: 'call', name: 'f', id: 'c', input: 'x' }],
      },
    ])
  })

  it('shows an answer that is cut off within its JSON as it came', () => {
    const found = conversationOf(CHAT, bodies({ messages: [] }, '{"choices":[{"mess'))
    expect(found?.answered[0]?.parts).toEqual([
      { kind: 'other', name: 'As it came', json: '{"choices":[{"mess' },
    ])
  })

  it('is none of embeddings, nor where the request cannot be read', () => {
    expect(conversationOf('/ai/v1/embeddings', bodies({ input: 'x' }, {}))).toBeUndefined()
    const cut = { ...bodies({}, {}), request: { kind: 'text' as const, content: '{"mess', truncated: true } }
    expect(conversationOf(CHAT, cut)).toBeUndefined()
  })

  it.each([null, 3, 'x', [], [[]], { choices: 3 }, { choices: [null] }, { output: [3] }, { content: [{}] }])(
    'survives the answer %o',
    (response) => {
      for (const uri of [CHAT, '/ai/v1/messages', '/ai/v1/responses', '/ai/v1/completions']) {
        const odd = {
          messages: [3, { content: [null, { type: 'image' }] }],
          input: [[]],
          prompt: [1],
          tools: [4],
        }
        expect(conversationOf(uri, bodies(odd, response))).toBeDefined()
      }
    },
  )

  it('survives a stream that was cut anywhere', () => {
    const whole = stream(
      { type: 'message_start', message: {} },
      { type: 'content_block_delta', index: 4, delta: {} },
    )
    for (let end = 0; end <= whole.length; end += 1) {
      const found = conversationOf('/ai/v1/messages', bodies({ messages: [] }, whole.slice(0, end)))
      expect(found).toBeDefined()
    }
  })
})

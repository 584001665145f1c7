import { describe, expect, it } from 'vitest'
import { Answer } from './answer'

const chunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
})

function heard(...chunks: object[]): Answer {
  const answer = new Answer()
  for (const each of chunks) answer.hear(each)
  return answer
}

describe('an answer', () => {
  it('is put together from its pieces', () => {
    const answer = heard(
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'Hm.' }),
      chunk({ reasoning: ' So.' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }, 'stop'),
      { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    )
    expect([answer.text, answer.reasoning, answer.finish]).toEqual(['Hello', 'Hm. So.', 'stop'])
    expect(answer.usage).toMatchObject({ input: 3, output: 2 })
  })

  it('has the calls of tools, whose arguments come in pieces', () => {
    const piece = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] })
    const answer = heard(
      piece(0, { id: 'a', function: { name: 'f', arguments: '' } }),
      piece(1, { id: 'b', function: { name: 'g', arguments: '{}' } }),
      piece(0, { function: { arguments: '{"x"' } }),
      piece(0, { function: { arguments: ':1}' } }),
    )
    expect(answer.calls).toEqual([
      { id: 'a', name: 'f', arguments: '{"x":1}' },
      { id: 'b', name: 'g', arguments: '{}' },
    ])
  })

  it('is the same in one piece', () => {
    const answer = new Answer()
    answer.hearAll({ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }] })
    expect([answer.text, answer.ended]).toEqual(['Hello', true])
  })

  it('has ended only where the provider says so', () => {
    expect(heard(chunk({ content: 'Hel' })).ended).toBe(false)
    expect(heard(chunk({}, 'length')).ended).toBe(true)
  })

  it('throws what a stream reports', () => {
    expect(() => heard({ error: { message: 'It broke.', code: 'upstream_broken' } })).toThrow('It broke.')
    expect(() => heard({ error: 'plain' })).toThrow('plain')
    expect(() => new Answer().hearAll({ object: 'list' })).toThrow('no answer')
  })
})

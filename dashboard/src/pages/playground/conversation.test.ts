import { describe, expect, it } from 'vitest'
import { messagesOf, type Reply, type Turn } from './conversation'

const reply = (changes: Partial<Reply>): Reply => ({
  id: 'r',
  state: 'done',
  model: { id: '1', alias: 'm' },
  text: '',
  reasoning: '',
  calls: [],
  ...changes,
})
const turn = (text: string, replies: readonly Reply[] = [], images: readonly string[] = []): Turn => ({
  id: text,
  text,
  images,
  replies: { a: replies },
})
const call = { id: 'c1', name: 'f', arguments: '{}' }

describe('what a model is sent', () => {
  it('is everything that was said in its column', () => {
    const turns = [turn('One', [reply({ text: 'First' })]), turn('Two')]
    expect(messagesOf('Be brief.', turns, 'a')).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'First' },
      { role: 'user', content: 'Two' },
    ])
  })

  it('has no prompt that was never answered, but for the last one', () => {
    const failed = turn('One', [reply({ state: 'failed', text: 'half' })])
    expect(messagesOf(' ', [failed, turn('Two')], 'a')).toEqual([{ role: 'user', content: 'Two' }])
    expect(messagesOf('', [turn('One', [reply({ text: 'x' })]), turn('Two')], 'b')).toEqual([
      { role: 'user', content: 'Two' },
    ])
  })

  it('has what came of an answer before it was stopped, without calls that got no result', () => {
    const stopped = turn('One', [reply({ state: 'stopped', text: 'half', calls: [{ ...call, result: '' }] })])
    expect(messagesOf('', [stopped, turn('Two')], 'a')[1]).toEqual({ role: 'assistant', content: 'half' })
  })

  it('has tools’ calls with their results behind them', () => {
    const asked = turn('One', [reply({ calls: [{ ...call, result: '42' }] })])
    expect(messagesOf('', [asked], 'a').slice(1)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: '42' },
    ])
  })

  it('has pictures beside the text', () => {
    const url = 'data:image/png;base64,AA=='
    expect(messagesOf('', [turn('What?', [], [url])], 'a')[0]?.content).toEqual([
      { type: 'text', text: 'What?' },
      { type: 'image_url', image_url: { url } },
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { NO_PARAMETERS, readTools, requestFields, SAMPLE_TOOL } from './parameters'

const fieldsOf = (changes: Partial<typeof NO_PARAMETERS>) => requestFields({ ...NO_PARAMETERS, ...changes })

describe('parameters', () => {
  it('say nothing of what was left alone', () => {
    expect(requestFields(NO_PARAMETERS)).toEqual({ fields: {}, wrong: {} })
  })

  it('become fields, with what else was written on top', () => {
    const { fields } = fieldsOf({
      temperature: ' 0.5',
      max_tokens: '100',
      stop: 'END\n\n---',
      extra: '{"temperature": 1, "top_k": 4}',
    })
    expect(fields).toEqual({ temperature: 1, max_tokens: 100, stop: ['END', '---'], top_k: 4 })
  })

  it('are named where they cannot be sent', () => {
    const { fields, wrong } = fieldsOf({ temperature: 'hot', seed: '1.5', extra: '[1]', tools: '{' })
    expect(fields).toEqual({})
    expect(Object.keys(wrong).sort()).toEqual(['extra', 'seed', 'temperature', 'tools'])
    expect(fieldsOf({ extra: '{"messages": []}' }).wrong.extra).toContain('"messages"')
  })
})

describe('tools', () => {
  it('are taken with what the API wants around them, or without', () => {
    const bare = { name: 'f', parameters: { type: 'object' } }
    expect(readTools(JSON.stringify(bare)).tools).toEqual([{ type: 'function', function: bare }])
    expect(readTools(SAMPLE_TOOL).tools).toHaveLength(1)
    expect(readTools('[{"type": "web_search"}]').tools).toEqual([{ type: 'web_search' }])
  })

  it.each([
    ['{', 'JSON'],
    ['[1]', 'object'],
    ['[{"parameters": {}}]', '"name"'],
    ['[{"name": "with space"}]', '"name"'],
    ['[{"name": "f"}, {"name": "f"}]', 'twice'],
    ['[{"name": "f", "parameters": 1}]', 'schema'],
    ['[{"type": "function"}]', '"function"'],
  ])('are refused with a reason: %s', (text, reason) => {
    expect(readTools(text).error).toContain(reason)
  })
})

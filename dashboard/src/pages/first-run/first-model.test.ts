import { expect, it } from 'vitest'
import { firstModel } from './first-model'

const model = (name: string, model_type: 'CHAT' | 'EMBEDDINGS' | null = 'CHAT') => ({
  alias: name,
  model_name: name,
  model_type,
})

it('a first request asks a model that chats, whatever else a provider lists', () => {
  const listed = ['babbage-002', 'dall-e-3', 'gpt-5.2', 'gpt-audio', 'whisper-1'].map((name) => model(name))
  expect(firstModel(listed)?.alias).toBe('gpt-5.2')
})

it('falls back to what there is', () => {
  expect(firstModel([model('e', 'EMBEDDINGS'), model('tts-1')])?.alias).toBe('tts-1')
  expect(firstModel([model('e', 'EMBEDDINGS')])?.alias).toBe('e')
  expect(firstModel<ReturnType<typeof model>>([])).toBeUndefined()
})

import { expect, it } from 'vitest'
import { pathsOf } from './paths'

it('says where a model of a type is asked', () => {
  expect(pathsOf({ model_type: 'EMBEDDINGS' })).toEqual(['/ai/v1/embeddings'])
  expect(pathsOf({ model_type: 'CHAT' })).toContain('/ai/v1/messages')
  expect(pathsOf({ model_type: null })).toBeUndefined()
})

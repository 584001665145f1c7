import { expect, it } from 'vitest'
import type { Model } from '../queries'
import { asValue, pointer, reasoningChanges, reasoningOf } from './reasoning'

const OVERRIDES = {
  chat_completions: {
    mode: 'override',
    translation: {
      unsupported_efforts: ['none', 'minimal', 'xhigh', 'max'],
      writes: [
        { target_path: '/thinking/budget', values: { low: 1024, medium: 8192, high: 32768 } },
        { target_path: '/mode', values: { low: 'fast', medium: '7', high: { deep: true } } },
      ],
    },
  },
  responses: { mode: 'disabled' },
}

const modelWith = (reasoning_translation_overrides: unknown) =>
  ({ reasoning_translation_overrides }) as unknown as Model

it('is written as it was read', () => {
  const values = reasoningOf(modelWith(OVERRIDES))
  expect(values.chat_completions.taken).toMatchObject({ none: false, low: true })
  expect(values.chat_completions.writes[1]?.values).toMatchObject({ low: 'fast', medium: '"7"', none: '' })
  expect(reasoningChanges(values).reasoning_translation_overrides).toEqual(OVERRIDES)
})

it('begins with what most models take, and says none of it while its endpoint decides', () => {
  const values = reasoningOf(modelWith(undefined))
  expect(values.responses).toMatchObject({ mode: 'inherit', writes: [{ target_path: '/reasoning/effort' }] })
  expect(reasoningChanges(values).reasoning_translation_overrides).toEqual({
    chat_completions: { mode: 'inherit' },
    responses: { mode: 'inherit' },
  })
})

it('takes JSON for what it is, and anything else for a text', () => {
  expect(['1024', 'low', '"1024"', 'null', ' high '].map(asValue)).toEqual([
    1024,
    'low',
    '1024',
    null,
    'high',
  ])
  expect([pointer('/a'), pointer(' /a/b '), pointer('a'), pointer('/')].map((each) => each === true)).toEqual(
    [true, true, false, false],
  )
})

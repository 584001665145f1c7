// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { can, returnPath, type User } from './session'

describe('rights', () => {
  const user = {
    permissions: [{ resource: 'ApiKeys', all: [], own: ['Create', 'Read'] }],
  } as unknown as User

  it('tell one’s own from everybody’s', () => {
    expect(can(user, 'Create', 'ApiKeys', 'own')).toBe(true)
    expect(can(user, 'Create', 'ApiKeys')).toBe(false)
    expect(can(user, 'Delete', 'ApiKeys', 'own')).toBe(false)
  })

  it('are none where nothing is said', () => {
    expect(can(user, 'Read', 'Users')).toBe(false)
    expect(can({} as User, 'Read', 'Users')).toBe(false)
  })
})

describe('the way back', () => {
  it('leads to our own pages only', () => {
    expect(returnPath('/models?q=gpt')).toBe('/models?q=gpt')
    for (const elsewhere of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'models',
      undefined,
      7,
    ]) {
      expect(returnPath(elsewhere)).toBe('/')
    }
  })
})

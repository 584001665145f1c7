import { expect, it } from 'vitest'
import { differenceOf } from './difference'

it('a difference has its parts, and what leaves is not unchanged', () => {
  const changes = {
    created: ['new'],
    reactivated: [],
    deactivated: ['gone'],
    deleted: ['other'],
    skipped: [],
  }
  const parts = differenceOf({ changes }, ['gone', 'kept', 'other'])
  expect(parts.map(({ kind, names }) => [kind, ...names])).toEqual([
    ['created', 'new'],
    ['deactivated', 'gone'],
    ['deleted', 'other'],
    ['unchanged', 'kept'],
  ])
})

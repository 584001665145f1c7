import { describe, expect, it } from 'vitest'
import { listSearch } from './list-state'

const read = listSearch({ sorts: ['name', 'created_at'], filters: ['provider'] })

describe('what a URL says of a list', () => {
  it('is read', () => {
    expect(read({ page: 3, per: 50, sort: 'name', dir: 'desc', q: 'gpt', provider: 'openai' })).toEqual({
      page: 3,
      per: 50,
      sort: 'name',
      dir: 'desc',
      q: 'gpt',
      provider: 'openai',
    })
  })

  it('is left out where it is the default or makes no sense', () => {
    expect(read({ page: 1, per: 25, sort: 'size', dir: 'desc', q: '', provider: '', other: 'x' })).toEqual({})
    expect(read({ page: -2, per: 7 })).toEqual({})
  })

  it('keeps a search for digits a text', () => {
    expect(read({ q: 42 })).toEqual({ q: '42' })
  })
})

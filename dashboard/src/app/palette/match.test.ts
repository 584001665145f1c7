import { expect, it } from 'vitest'
import { matching, names } from './match'

const PLACES = [
  { name: 'API keys', keywords: ['tokens', 'secrets'] },
  { name: 'Usage & cost', keywords: ['budgets', 'tokens'] },
  { name: 'Tokens', keywords: [] },
]
const found = (text: string) => matching(PLACES, text).map(({ name }) => name)

it('every word begins one of the name or of what people look for it by', () => {
  expect(found('usa')).toEqual(['Usage & cost'])
  expect(found('cost usage')).toEqual(['Usage & cost'])
  expect(found('key sec')).toEqual(['API keys'])
  expect(found('age')).toEqual([])
})

it('a name comes before a word that leads to it', () => {
  expect(found('tok')).toEqual(['Tokens', 'API keys', 'Usage & cost'])
})

it('all are there while nothing is typed', () => {
  expect(found(' ')).toHaveLength(3)
})

it('what was found for the letters before stays only where it has the new ones', () => {
  expect(names('ADA l', 'Ada Lovelace', undefined)).toBe(true)
  expect(names('adam', 'Ada Lovelace', null)).toBe(false)
})

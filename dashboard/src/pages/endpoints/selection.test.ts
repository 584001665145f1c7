import { describe, expect, it } from 'vitest'
import { asImport, choicesOf, conflictsOf, firstChoices, namesIn } from './selection'

const NONE: ReadonlySet<string> = new Set()

describe('the models of a new endpoint', () => {
  it('are all chosen, and those whose names are taken get an alias', () => {
    const choices = firstChoices(['a', 'b'], new Set(['b']), 'Our own GPUs!')
    expect(asImport(choices)).toEqual({
      model_filter: ['a', 'b'],
      alias_mapping: { a: 'a', b: 'our-own-gpus/b' },
    })
    expect(conflictsOf(choices, new Set(['b'])).size).toBe(0)
  })

  it('are picked by a person where there are very many', () => {
    const names = Array.from({ length: 300 }, (_, index) => `m${index}`)
    expect(asImport(firstChoices(names, NONE, 'x')).model_filter).toEqual([])
  })
})

it('an endpoint that there is has its models chosen, gone ones too', () => {
  const imported = [
    { model_name: 'a', alias: 'a' },
    { model_name: 'gone', alias: 'old' },
  ]
  expect(choicesOf(['a', 'b'], imported)).toEqual([
    { name: 'a', chosen: true, alias: '' },
    { name: 'b', chosen: false, alias: '' },
    { name: 'gone', chosen: true, alias: 'old' },
  ])
})

describe('an alias conflicts', () => {
  it('with another model', () => {
    const choices = [
      { name: 'a', chosen: true, alias: ' gpt ' },
      { name: 'b', chosen: false, alias: 'gpt' },
    ]
    expect([...conflictsOf(choices, new Set(['gpt'])).keys()]).toEqual(['a'])
  })

  it('with another one that is chosen', () => {
    const choices = [
      { name: 'a', chosen: true, alias: '' },
      { name: 'b', chosen: true, alias: 'a' },
    ]
    expect([...conflictsOf(choices, NONE).keys()]).toEqual(['a', 'b'])
  })
})

it('reads names that were typed', () => {
  expect(namesIn(' a, b\n\nc\na ')).toEqual(['a', 'b', 'c'])
})

import { expect, it } from 'vitest'
import { initials } from './person'

it.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'a'],
  ['grace.hopper@example.org', 'gh'],
  ['Jean-Luc van Damme', 'JD'],
  ['  🐙 octopus ', '🐙o'],
  ['', ''],
])('the initials of %j are %j', (name, expected) => {
  expect(initials(name)).toBe(expected)
})

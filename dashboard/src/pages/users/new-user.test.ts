import { expect, it } from 'vitest'
import { asNewUser, isEmail } from './new-user'

const GIVEN = {
  display_name: ' Ada Lovelace ',
  email: ' ada@example.org ',
  username: '',
  sign_in: 'password' as const,
  roles: ['BatchAPIUser' as const],
}

it('takes the address for a username where none is given', () => {
  expect(asNewUser(GIVEN)).toEqual({
    display_name: 'Ada Lovelace',
    email: 'ada@example.org',
    username: 'ada@example.org',
    sign_in: 'password',
    roles: ['BatchAPIUser'],
  })
  expect(asNewUser({ ...GIVEN, username: ' ada ' }).username).toBe('ada')
})

it('leaves out a name that nobody gave', () => {
  expect(asNewUser({ ...GIVEN, display_name: ' ' })).not.toHaveProperty('display_name')
})

it.each(['', 'ada', 'ada@', '@example.org', 'a da@example.org'])('%j is no address', (text) => {
  expect(isEmail(text)).not.toBe(true)
})

it('an address may have spaces around it', () => {
  expect(isEmail(' ada@example.org ')).toBe(true)
})

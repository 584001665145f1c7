import { expect, it } from 'vitest'
import { notableRoles, roleName, sourceName } from './roles'

it('says of roles what sets a person apart, the mightiest first', () => {
  expect(notableRoles(['StandardUser', 'BatchAPIUser', 'PlatformManager'])).toEqual([
    'PlatformManager',
    'BatchAPIUser',
  ])
  expect(notableRoles(['StandardUser'])).toEqual([])
})

it('shows what it does not know as the server calls it', () => {
  expect(notableRoles(['Auditor'])).toEqual(['Auditor'])
  expect(roleName('Auditor')).toBe('Auditor')
  expect(sourceName('ldap')).toBe('ldap')
})

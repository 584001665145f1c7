import { expect, it } from 'vitest'
import { originOf } from './origin'

const ORIGINS = { 'email.smtp.host': 'config.yaml, line 3', 'auth.oidc': 'A_VARIABLE', port: '--port' }

it('finds a key, what is around it, and what is in it', () => {
  expect(originOf('port', ORIGINS)).toBe('--port')
  expect(originOf('auth.oidc.issuer', ORIGINS)).toBe('A_VARIABLE')
  expect(originOf('email', ORIGINS)).toBe('config.yaml, line 3')
})

it('what nobody sets has its default', () => {
  expect(originOf('email.sender', ORIGINS)).toBeUndefined()
  expect(originOf('auth.native.enabled', ORIGINS)).toBeUndefined()
  expect(originOf('por', ORIGINS)).toBeUndefined()
})

import { expect, it } from 'vitest'
import {
  accessKeyId,
  kindOf,
  NO_CREDENTIAL,
  secretAccessKey,
  serviceAccount,
  sessionToken,
} from './credential'

it('each dialect takes its own kinds, and keys that are of no kind of its are keys', () => {
  expect(kindOf('bedrock', NO_CREDENTIAL)).toBe('access_keys')
  expect(kindOf('vertex', { ...NO_CREDENTIAL, credential: 'key' })).toBe('key')
  expect(kindOf('openai', { ...NO_CREDENTIAL, credential: 'entra' })).toBe('key')
})

it('access keys are told from what is none', () => {
  expect(accessKeyId('AKIAIOSFODNN7EXAMPLE')).toBe(true)
  expect(accessKeyId('arn:aws:iam::1:user/jo')).not.toBe(true)
  expect(secretAccessKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')).toBe(true)
  expect(secretAccessKey('short')).not.toBe(true)
  expect(sessionToken('', 'AKIAIOSFODNN7EXAMPLE')).toBe(true)
  expect(sessionToken('', 'ASIAIOSFODNN7EXAMPLE')).not.toBe(true)
})

it('a service account says whose it is, another file what is wrong with it', () => {
  const file = { type: 'service_account', client_email: 'a@p.iam', private_key: 'PEM', project_id: 'p' }
  expect(serviceAccount(JSON.stringify(file))).toEqual({ email: 'a@p.iam', project: 'p' })
  expect(serviceAccount(JSON.stringify({ ...file, private_key: undefined }))).toMatch(/private_key/)
  expect(serviceAccount(JSON.stringify({ ...file, type: 'authorized_user' }))).toMatch(/authorized_user/)
  expect(serviceAccount('{"type": "service_acc')).toMatch(/not JSON/)
  expect(serviceAccount('[]')).toMatch(/not the key file/)
})

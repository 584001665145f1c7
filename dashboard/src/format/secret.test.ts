import { expect, it } from 'vitest'
import { withoutSecret } from './secret'

it('of a secret only the beginning is looked for, of any other text all', () => {
  expect(withoutSecret('sk-a1B2c3D4e5')).toBe('sk-a1B2')
  expect(withoutSecret('sk-a1')).toBe('sk-a1')
  expect(withoutSecret('sk- of the shop')).toBe('sk- of the shop')
  expect(withoutSecret('my sk-a1B2c3D4')).toBe('my sk-a1B2c3D4')
})

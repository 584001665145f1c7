import { describe, expect, it } from 'vitest'
import { literal } from './literals'

describe('a literal', () => {
  it('stands on one line where it fits', () => {
    expect(literal({ a: [1, true, null], 'b-c': 'd' }, 'python', 0, 0)).toBe(
      '{"a": [1, True, None], "b-c": "d"}',
    )
    expect(literal({ a: [1, true, null], 'b-c': 'd' }, 'javascript', 0, 0)).toBe(
      '{ a: [1, true, null], "b-c": "d" }',
    )
  })

  it('is broken where it does not, with the rest beneath', () => {
    const long = 'x'.repeat(80)
    expect(literal([{ role: 'user', content: long }], 'python', 4, 13)).toBe(
      `[\n        {\n            "role": "user",\n            "content": "${long}",\n        },\n    ]`,
    )
  })

  it('keeps quotes and line ends within a string', () => {
    expect(literal('a "b"\nc', 'python', 0, 0)).toBe('"a \\"b\\"\\nc"')
  })
})

import { describe, expect, it } from 'vitest'
import { Problem } from './problem'

describe('a problem', () => {
  it('is read from problem details', () => {
    const problem = Problem.of(400, {
      detail: 'Name it',
      code: 'invalid',
      errors: [{ field: 'body.name', message: 'x' }],
    })
    expect([problem.status, problem.code, problem.message]).toEqual([400, 'invalid', 'Name it.'])
    expect(problem.fields).toEqual([{ field: 'name', message: 'x.' }])
  })

  it('is read from a line of text, and from nothing', () => {
    expect(Problem.of(401, 'Authentication required').message).toBe('Authentication required.')
    expect(Problem.of(500, '').message).toBe('The server answered 500.')
  })

  it('tells silence from refusal', () => {
    expect(
      [Problem.silence(), Problem.of(503, ''), Problem.of(500, '')].map((each) => each.unreachable),
    ).toEqual([true, true, false])
  })
})

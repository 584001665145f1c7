import { describe, expect, it } from 'vitest'
import { logQuery, queryText } from './log-query'

const NOW = Date.UTC(2026, 8, 20, 12, 30, 40)

describe('the question to the log', () => {
  it('has the filters by the names and types of the API', () => {
    const filters = { model: 'gpt', min_tokens: '100', stream: 'false', outcome: 'lost', min_cost: '0.5' }
    expect(logQuery(filters, 'mine', NOW)).toEqual({
      model: 'gpt',
      min_tokens: 100,
      stream: false,
      outcome: 'lost',
      min_cost: '0.5',
      request_id: 'mine',
    })
  })

  it('leaves out what makes no sense', () => {
    const filters = { min_tokens: 'many', stream: 'perhaps', outcome: 'good', status: '2', since: 'ever' }
    expect(logQuery(filters, '', NOW)).toEqual({})
  })

  it.each([
    ['404', { status_code: 404 }],
    ['bad', { status_code_min: 400 }],
    ['5xx', { status_code_min: 500, status_code_max: 599 }],
  ])('knows the status %s', (status, query) => {
    expect(logQuery({ status }, '', NOW)).toEqual(query)
  })

  it('counts back from this minute, unless there is a beginning', () => {
    expect(logQuery({ since: '1h' }, '', NOW)).toEqual({ timestamp_after: '2026-09-20T11:30:00.000Z' })
    const typed = { since: '1h', timestamp_after: '2026-09-01T00:00:00Z' }
    expect(logQuery(typed, '', NOW)).toEqual({ timestamp_after: '2026-09-01T00:00:00Z' })
  })

  it('is written as an address has it', () => {
    expect(queryText({ model: 'a b', stream: true, user_id: undefined })).toBe('model=a+b&stream=true')
  })
})

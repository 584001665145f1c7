import { expect, test } from 'vitest'
import { stateOf } from './state'

const incident = { start: '2026-01-01T00:00:00Z', end: null, failed_runs: 2, error_message: null }
const over = { ...incident, end: '2026-01-01T00:05:00Z' }

test('a model is down while an incident has not ended', () => {
  const watched = { active: true, runs: 5 }
  expect(stateOf({ ...watched, incidents: [incident, over] })).toBe('down')
  expect(stateOf({ ...watched, incidents: [over] })).toBe('up')
})

test('what is paused or was not checked is neither up nor down', () => {
  expect(stateOf({ active: false, runs: 5, incidents: [incident] })).toBe('paused')
  expect(stateOf({ active: true, runs: 0, incidents: [] })).toBe('unknown')
})

import { expect, test } from 'vitest'
import { lasted } from './lasted'

test('what an incident lasted is told in its largest unit', () => {
  const start = '2026-01-01T00:00:00Z'
  const after = (end: string) => lasted(start, end)
  expect([
    after('2026-01-01T00:00:20Z'),
    after('2026-01-01T00:01:10Z'),
    after('2026-01-01T00:59:00Z'),
    after('2026-01-01T01:40:00Z'),
    after('2026-01-04T00:00:00Z'),
  ]).toEqual(['less than a minute', '1 minute', '59 minutes', '2 hours', '3 days'])
})

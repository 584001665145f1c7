// @vitest-environment jsdom
import { expect, it } from 'vitest'
import { actorWords, idOfUser } from './actor'
import { difference } from './difference'
import { auditQuery } from './queries'

it('shows the fields of an update that changed, as they were and as they are', () => {
  const change = {
    before: { name: 'a', roles: ['x'], same: 1 },
    after: { name: 'b', roles: ['x', 'y'], same: 1 },
  }
  expect(difference(change)).toEqual([
    { field: 'name', before: 'a', after: 'b' },
    { field: 'roles', before: '[\n  "x"\n]', after: '[\n  "x",\n  "y"\n]' },
  ])
})

it('shows all that was made or deleted had, and of an update what became of null', () => {
  expect(difference({ before: null, after: { name: 'a', note: null, on: false } })).toEqual([
    { field: 'name', before: undefined, after: 'a' },
    { field: 'on', before: undefined, after: 'false' },
  ])
  expect(difference({ before: { name: 'a' }, after: null })).toEqual([
    { field: 'name', before: 'a', after: undefined },
  ])
  expect(difference({ before: { note: null }, after: { note: 'b' } })).toEqual([
    { field: 'note', before: 'null', after: 'b' },
  ])
})

it('says who did it', () => {
  expect(idOfUser('user:7')).toBe('7')
  expect(idOfUser('system:first-start')).toBeUndefined()
  expect(actorWords('system:first-start')).toBe('The server (first start)')
  expect(actorWords('database:postgres')).toBe('postgres, in the database')
})

it('asks the API for a range by its beginning, to the minute', () => {
  const now = Date.parse('2026-03-01T12:00:42Z')
  expect(auditQuery({ range: '1h', resource: 'users' }, now)).toEqual({
    resource: 'users',
    since: '2026-03-01T11:00:00.000Z',
  })
  expect(auditQuery({ range: 'x' }, now)).toEqual({})
})

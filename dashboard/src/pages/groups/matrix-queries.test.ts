// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { changing, withGrant } from './matrix-queries'
import { EVERYONE } from './queries'

const group = { id: 'g', name: 'G', description: null, source: 'native', created_at: '', updated_at: '' }

describe('a window of the matrix', () => {
  const window = {
    data: [
      { id: 'a', groups: [] },
      { id: 'b', groups: [group] },
    ],
    total_count: 2,
  }

  it('has one grant more', () => {
    expect(withGrant(window, 'a', group, true).data[0]?.groups).toEqual([group])
  })

  it('has no grant twice', () => {
    expect(withGrant(window, 'b', group, true).data[1]?.groups).toEqual([group])
  })

  it('has one grant less, and the rest is what it was', () => {
    const changed = withGrant(window, 'b', group, false)
    expect(changed.data[1]?.groups).toEqual([])
    expect(changed.data[0]).toBe(window.data[0])
    expect(changed.total_count).toBe(2)
  })
})

describe('a whole line', () => {
  it('changes only what is not so already', () => {
    expect(changing(['a', 'b', 'c'], ['b', 'x'], { of: 'models', granted: true })).toEqual(['a', 'c'])
    expect(changing(['a', 'b', 'c'], ['b', 'x'], { of: 'models', granted: false })).toEqual(['b'])
  })

  it('grants to no Everyone, and takes from it', () => {
    expect(changing([EVERYONE, 'a'], [], { of: 'groups', granted: true })).toEqual(['a'])
    expect(changing([EVERYONE, 'a'], [EVERYONE], { of: 'groups', granted: false })).toEqual([EVERYONE])
  })
})

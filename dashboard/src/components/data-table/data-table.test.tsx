// @vitest-environment jsdom
import type { UseQueryResult } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { DataTable, type Listed } from './data-table'
import type { ListState } from './list-state'

interface Fruit {
  id: string
  name: string
}

afterEach(cleanup)

function state(changes: Partial<ListState> = {}): ListState {
  return {
    page: 1,
    per: 25,
    sort: undefined,
    search: '',
    filters: {},
    narrowed: false,
    set: vi.fn(),
    widen: vi.fn(),
    ...changes,
  }
}

function show(query: Partial<UseQueryResult<Listed<Fruit>>>, list = state(), onOpen = vi.fn()) {
  const onChange = vi.fn()
  render(
    <DataTable
      label="Fruits"
      columns={[{ id: 'name', header: 'Name', meta: { sort: 'name' }, cell: ({ row }) => row.original.name }]}
      query={query as UseQueryResult<Listed<Fruit>>}
      state={list}
      rowId={(fruit) => fruit.id}
      rowName={(fruit) => fruit.name}
      onOpen={onOpen}
      selection={{ selected: {}, onChange }}
      empty="No fruits yet"
      nothingFound="No fruit matches"
    />,
  )
  return { list, onOpen, onChange }
}

const two: Listed<Fruit> = {
  data: [
    { id: 'a', name: 'Apple' },
    { id: 'b', name: 'Banana' },
  ],
  total_count: 60,
}
const there = { isSuccess: true, data: two }

describe('a table', () => {
  it('asks the server for another order: ascending, descending, its own', () => {
    const first = show(there)
    fireEvent.click(screen.getByRole('button', { name: 'Name' }))
    expect(first.list.set).toHaveBeenCalledWith({ sort: 'name', dir: 'asc' })
    cleanup()
    const second = show(there, state({ sort: { by: 'name', descending: false } }))
    expect(screen.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('ascending')
    fireEvent.click(screen.getByRole('button', { name: 'Name' }))
    expect(second.list.set).toHaveBeenCalledWith({ sort: 'name', dir: 'desc' })
    cleanup()
    const third = show(there, state({ sort: { by: 'name', descending: true } }))
    fireEvent.click(screen.getByRole('button', { name: 'Name' }))
    expect(third.list.set).toHaveBeenCalledWith({ sort: undefined, dir: undefined })
  })

  it('says where in the list one is, and goes on', () => {
    const { list } = show(there)
    expect(screen.getByText('1–25 of 60')).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Next page' }))
    expect(list.set).toHaveBeenCalledWith({ page: 2 })
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Previous page' }).disabled).toBe(true)
  })

  it('opens a row, but not by its controls', () => {
    const { onOpen, onChange } = show(there)
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select Apple' }))
    expect(onChange).toHaveBeenCalledWith({ a: true })
    expect(onOpen).not.toHaveBeenCalled()
    fireEvent.click(screen.getByText('Banana'))
    expect(onOpen).toHaveBeenCalledWith(two.data[1])
  })

  it('tells nothing at all from nothing found', () => {
    const none = { isSuccess: true, data: { data: [], total_count: 0 } }
    show(none)
    expect(screen.getByText('No fruits yet')).toBeTruthy()
    cleanup()
    show(none, state({ narrowed: true }))
    expect(screen.getByText('No fruit matches')).toBeTruthy()
  })

  it('says what went wrong, and tries again', () => {
    const refetch = vi.fn()
    show({ isError: true, error: new Problem(500, '500', 'Internal server error.'), refetch })
    expect(screen.getByRole('alert').textContent).toContain('Internal server error.')
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }))
    expect(refetch).toHaveBeenCalled()
  })

  it('asks for nothing to be tried again while nobody is signed in', () => {
    show({ isError: true, error: new Problem(401, 'not_authenticated', 'Authentication required.') })
    expect(screen.getByRole('alert').textContent).toContain('as soon as you have signed in again')
    expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull()
  })

  it('keeps the room of the rows to come', () => {
    show({ isPending: true, isFetching: true })
    expect(screen.getByRole('table', { name: 'Fruits' }).getAttribute('aria-busy')).toBe('true')
    expect(screen.getAllByRole('row', { hidden: true }).length).toBe(26)
    expect(screen.getAllByRole('row').length).toBe(1) // there is nothing to read in them
    expect(screen.queryByRole('button', { name: 'Next page' })).toBeNull() // it would be pushed away by the rows
  })
})

// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { Dialog } from '@/design/dialog'
import { say, Toaster } from './toast'

afterEach(cleanup)

function shown(open: boolean, onClose = vi.fn()) {
  return (
    <>
      <Toaster />
      <Dialog open={open} onClose={onClose} title="Over the page">
        <button>Inside</button>
      </Dialog>
    </>
  )
}

it('news can be read and acted upon while a dialog is open, and stay when it closes', () => {
  const undo = vi.fn()
  const { rerender } = render(shown(true))
  act(() => say('Two keys deleted.', { undo }))
  const dialog = screen.getByRole('dialog')
  // By role, what is hidden from assistive technology is not found.
  fireEvent.click(within(dialog).getByRole('button', { name: 'Undo' }))
  expect(undo).toHaveBeenCalledOnce()
  act(() => say('Saved.'))
  rerender(shown(false))
  expect(screen.queryByRole('dialog')).toBeNull()
  expect(screen.getByRole('region', { name: /^Notifications/ }).textContent).toContain('Saved.')
})

it('Escape closes the dialog that news have come to, not the news', () => {
  const onClose = vi.fn()
  render(shown(true, onClose))
  act(() => say('Granted.'))
  fireEvent.keyDown(screen.getByRole('button', { name: 'Inside' }), { key: 'Escape' })
  expect(onClose).toHaveBeenCalledOnce()
  expect(screen.getByText('Granted.')).not.toBeNull()
})

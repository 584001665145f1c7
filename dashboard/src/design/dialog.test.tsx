// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Button } from './button'
import { Dialog, Drawer } from './dialog'
import { Input } from './field'

afterEach(cleanup)

const focused = () => document.activeElement

describe('a dialog begins', () => {
  it('at its first field', () => {
    render(
      <Dialog open onClose={vi.fn()} title="Create a webhook" footer={<Button>Create webhook</Button>}>
        <a href="#help">Help</a>
        <Input aria-label="URL" />
      </Dialog>,
    )
    expect(focused()).toBe(screen.getByLabelText('URL'))
  })

  it('without a field, at its first button: of those that answer a question, the one that does nothing', () => {
    render(
      <Dialog open onClose={vi.fn()} title="Delete 3 keys?" footer={<Button>Cancel</Button>}>
        This cannot be undone.
      </Dialog>,
    )
    expect(focused()).toBe(screen.getByText('Cancel'))
  })
})

it('a drawer begins at its first control, and writes in no field', () => {
  render(
    <Drawer open onClose={vi.fn()} title="Ada">
      <Button>Profile</Button>
      <Input aria-label="Name" />
    </Drawer>,
  )
  expect(focused()).toBe(screen.getByText('Profile'))
})

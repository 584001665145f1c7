import { useState, type ReactNode } from 'react'
import { asProblem } from '@/api/problem'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { FormError } from './form-field'

interface ConfirmDialogProps {
  open: boolean
  onClose: () => void
  /** A question that names what and how many: "Delete 3 keys?" */
  title: string
  /** What will happen, and to whom. */
  children: ReactNode
  /** The verb of the title, with its number: "Delete 3 keys". */
  action: string
  danger?: boolean
  /** Closes the dialog when it succeeds; what it throws is shown in it. */
  onConfirm: () => Promise<unknown>
}

export function ConfirmDialog({
  open,
  onClose,
  title,
  children,
  action,
  danger,
  onConfirm,
}: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const close = () => {
    setError(undefined)
    onClose()
  }
  const confirm = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await onConfirm()
      close()
    } catch (caught) {
      setError(caught)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onClose={close}
      title={title}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button variant={danger === true ? 'danger' : 'primary'} busy={busy} onClick={confirm}>
            {action}
          </Button>
        </>
      }
    >
      <div className="space-y-3 text-soft">
        {children}
        <FormError>{error === undefined ? undefined : asProblem(error).message}</FormError>
      </div>
    </Dialog>
  )
}

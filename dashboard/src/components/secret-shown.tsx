/** A secret at the only moment it can be seen. Only "I have stored it" leads on. */
import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { CopyButton } from './code-block'

interface SecretShownProps {
  secret: string
  title: string
  onStored: () => void
  /** What to do with it; by default, what one does with the secret of a key. */
  children?: ReactNode
}

const OF_A_KEY =
  'This is the only time the secret is shown. Store it where your program finds it, such as an environment variable or a secret store.'

export function SecretShown({ secret, title, onStored, children = OF_A_KEY }: SecretShownProps) {
  return (
    <Dialog
      open
      insistent
      onClose={onStored}
      title={title}
      footer={
        <Button variant="primary" onClick={onStored}>
          I have stored it
        </Button>
      }
    >
      <p className="flex gap-2 rounded-md bg-warn-well px-3 py-2 text-warn">
        <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span>{children}</span>
      </p>
      <div className="mt-4 flex items-center gap-2 rounded-lg border border-line bg-sunken p-2 pl-3">
        <code data-testid="secret" className="min-w-0 flex-1 font-mono text-xs break-all select-all">
          {secret}
        </code>
        <CopyButton text={secret} />
      </div>
    </Dialog>
  )
}

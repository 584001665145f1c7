import { ConfirmDialog } from '@/components/confirm-dialog'
import { say } from '@/components/toast'
import { plural } from '@/format/number'
import { useDeleteKeys, type ListedKey } from './queries'
import { useFullName } from './rights'

interface DeleteDialogProps {
  keys: readonly ListedKey[]
  onClose: () => void
  onDeleted: () => void
}

export function DeleteDialog({ keys, onClose, onDeleted }: DeleteDialogProps) {
  const called = useFullName()
  const remove = useDeleteKeys()
  const what = plural(keys.length, 'key')
  const [first] = keys
  return (
    <ConfirmDialog
      open={first !== undefined}
      onClose={onClose}
      danger
      title={keys.length === 1 && first !== undefined ? `Delete ${called(first)}?` : `Delete ${what}?`}
      action={`Delete ${what}`}
      onConfirm={async () => {
        await remove.mutateAsync(keys)
        say(`${what} deleted.`)
        onDeleted()
      }}
    >
      <p>
        Programs that show {keys.length === 1 ? 'it' : 'them'} are refused at once. This cannot be undone;
        what was used and spent stays on record.
      </p>
      {keys.length > 1 && (
        <ul className="list-disc pl-5">
          {keys.map((key) => (
            <li key={key.id}>{called(key)}</li>
          ))}
        </ul>
      )}
    </ConfirmDialog>
  )
}

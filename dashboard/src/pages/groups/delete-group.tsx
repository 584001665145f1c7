import { ConfirmDialog } from '@/components/confirm-dialog'
import { say } from '@/components/toast'
import { plural } from '@/format/number'
import { useDeleteGroup, type Group } from './queries'

interface DeleteGroupProps {
  group: Group
  onClose: () => void
  onDeleted: () => void
}

export function DeleteGroup({ group, onClose, onDeleted }: DeleteGroupProps) {
  const remove = useDeleteGroup()
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title={`Delete ${group.name}?`}
      action="Delete group"
      onConfirm={async () => {
        await remove.mutateAsync(group.id)
        say(`${group.name} is deleted.`)
        onDeleted()
      }}
    >
      <p>
        {group.member_count == null ? 'Its members' : plural(group.member_count, 'member')} lose, at once,{' '}
        {group.model_count == null ? 'the models' : `the ${plural(group.model_count, 'model')}`} that it
        grants, unless another group of theirs grants the same. People and models stay. This cannot be undone.
      </p>
      {group.source !== 'native' && (
        <p>It comes from {group.source}, which may make it again at the next sign-in or synchronisation.</p>
      )}
    </ConfirmDialog>
  )
}

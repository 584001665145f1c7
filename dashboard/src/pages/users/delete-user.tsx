import { useQuery } from '@tanstack/react-query'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { say } from '@/components/toast'
import { plural } from '@/format/number'
import { nameOf } from '@/format/person'
import { EVERYONE } from '@/pages/groups/queries'
import { groupsOfUserOptions, keysOfUserOptions, useDeleteUser, type User } from './queries'

interface DeleteUserProps {
  user: User
  onClose: () => void
  onDeleted: () => void
}

/** Says what goes with the account, and what stays. */
export function DeleteUser({ user, onClose, onDeleted }: DeleteUserProps) {
  const remove = useDeleteUser()
  const keys = useQuery(keysOfUserOptions(user.id))
  const groups = useQuery(groupsOfUserOptions(user.id))
  const memberships = groups.data?.filter((group) => group.id !== EVERYONE).length
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title={`Delete ${nameOf(user)}?`}
      action="Delete user"
      onConfirm={async () => {
        await remove.mutateAsync(user.id)
        say(`${nameOf(user)} is deleted.`)
        onDeleted()
      }}
    >
      <p>{user.email} can no longer sign in. With the account go, at once and for good:</p>
      <ul className="list-disc pl-5">
        <li>
          {keys.data === undefined ? 'its API keys' : plural(keys.data.total_count, 'API key')}; programs that
          show one are refused
        </li>
        <li>
          {memberships === undefined
            ? 'its memberships'
            : plural(memberships, 'membership of a group', 'memberships of groups')}
        </li>
        <li>its sessions, files, unfinished batches and webhooks</li>
        <li>its name and address, wherever they stand</li>
      </ul>
      <p>
        What was used and paid stays on record, without the name. To keep the account, disable it instead.
      </p>
    </ConfirmDialog>
  )
}

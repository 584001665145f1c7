/** What a person may do, in a row. */
import { Badge } from '@/components/badge'
import { Tooltip } from '@/design/menu'
import { EVERYONE } from '@/pages/groups/queries'
import type { User } from './queries'
import { notableRoles, roleName } from './roles'

export function RoleBadges({ user }: { user: Pick<User, 'roles'> }) {
  const [first, ...others] = notableRoles(user.roles)
  if (first === undefined) return <span className="text-faint">Standard user</span>
  return (
    <span className="inline-flex items-center gap-1">
      <Badge tone={first === 'PlatformManager' ? 'note' : 'neutral'}>{roleName(first)}</Badge>
      <More names={others.map(roleName)} />
    </span>
  )
}

export function GroupBadges({ user }: { user: Pick<User, 'groups'> }) {
  // Everybody is in Everyone, which comes last.
  const [first, ...others] = (user.groups ?? []).filter((group) => group.id !== EVERYONE)
  if (first === undefined) return <span className="text-faint">Everyone</span>
  return (
    <span className="inline-flex items-center gap-1">
      <Badge className="inline-block max-w-36 truncate leading-5">{first.name}</Badge>
      <More names={others.map((group) => group.name)} />
    </span>
  )
}

function More({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null
  return (
    <Tooltip label={names.join(', ')}>
      <span>
        <Badge>+{names.length}</Badge>
      </span>
    </Tooltip>
  )
}

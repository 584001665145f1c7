import { useQuery } from '@tanstack/react-query'
import { Avatar } from '@/components/avatar'
import { Badge } from '@/components/badge'
import { ErrorState, Skeleton } from '@/components/page'
import { Drawer } from '@/design/dialog'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { useCan } from '@/session/session'
import { nameOf } from '@/format/person'
import { AccessTab } from './access-tab'
import { GroupsTab } from './groups-tab'
import { KeysTab } from './keys-tab'
import { ProfileTab } from './profile-tab'
import { userOptions, type User } from './queries'
import { SessionsTab } from './sessions-tab'

interface UserDrawerProps {
  id: string
  /** As the list has it, until all of it is there. */
  listed: User | undefined
  tab: string | undefined
  onTab: (tab: string) => void
  onClose: () => void
  /** Whom the caller may delete, and how. */
  removal: (user: User) => (() => void) | undefined
}

const FIRST = 'profile'

export function UserDrawer({ id, listed, tab, onTab, onClose, removal }: UserDrawerProps) {
  const can = useCan()
  const query = useQuery(userOptions(id))
  const user = query.data ?? listed
  const tabs = [
    [FIRST, 'Profile'],
    ['groups', 'Groups'],
    ...(can('Read', 'ApiKeys') ? [['keys', 'API keys']] : []),
    ['sessions', 'Sessions'],
    ...(can('Read', 'Models') ? [['access', 'Access']] : []),
  ] as [string, string][]
  const shown = tabs.some(([value]) => value === tab) ? tab : FIRST
  return (
    <Drawer
      open
      onClose={onClose}
      title={user === undefined ? 'User' : <Title user={user} />}
      {...(user === undefined ? {} : { description: user.email })}
    >
      {user === undefined && query.isError && (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      )}
      {user === undefined && query.isPending && <Skeleton className="w-48" />}
      {user !== undefined && (
        <Tabs value={shown ?? FIRST} onValueChange={onTab}>
          <TabList aria-label={`About ${nameOf(user)}`} className="mb-4">
            {tabs.map(([value, name]) => (
              <Tab key={value} value={value}>
                {name}
              </Tab>
            ))}
          </TabList>
          <TabPanel value={FIRST}>
            <ProfileTab key={user.updated_at} user={user} removal={removal(user)} />
          </TabPanel>
          <TabPanel value="groups">
            <GroupsTab user={user} />
          </TabPanel>
          <TabPanel value="keys">
            <KeysTab user={user} />
          </TabPanel>
          <TabPanel value="sessions">
            <SessionsTab user={user} />
          </TabPanel>
          <TabPanel value="access">
            <AccessTab user={user} />
          </TabPanel>
        </Tabs>
      )}
    </Drawer>
  )
}

function Title({ user }: { user: User }) {
  return (
    <span className="flex items-center gap-2.5">
      <Avatar name={nameOf(user)} />
      <span className="truncate">{nameOf(user)}</span>
      {!user.is_active && <Badge tone="warn">Disabled</Badge>}
    </span>
  )
}

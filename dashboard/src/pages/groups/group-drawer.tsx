import { useQuery } from '@tanstack/react-query'
import { Pencil, Trash2 } from 'lucide-react'
import { ErrorState, Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { GroupSource } from './columns'
import { MembersTab } from './members-tab'
import { ModelsTab } from './models-tab'
import { EVERYONE, groupOptions, type Group } from './queries'

interface GroupDrawerProps {
  id: string
  /** As the list has it, until all of it is there. */
  listed: Group | undefined
  tab: string | undefined
  onTab: (tab: string) => void
  onClose: () => void
  onEdit: ((group: Group) => void) | undefined
  onDelete: ((group: Group) => void) | undefined
}

export function GroupDrawer({ id, listed, tab, onTab, onClose, onEdit, onDelete }: GroupDrawerProps) {
  const query = useQuery(groupOptions(id))
  const group = query.data === undefined ? listed : { ...listed, ...query.data }
  return (
    <Drawer
      open
      onClose={onClose}
      title={
        group === undefined ? (
          'Group'
        ) : (
          <span className="flex items-center gap-2">
            <span className="truncate">{group.name}</span> <GroupSource group={group} />
          </span>
        )
      }
      {...(group?.description == null || group.description === '' ? {} : { description: group.description })}
      footer={
        group !== undefined && id !== EVERYONE && (onEdit ?? onDelete) !== undefined ? (
          <>
            {onDelete !== undefined && (
              <Button className="mr-auto text-bad" onClick={() => onDelete(group)}>
                <Trash2 aria-hidden /> Delete…
              </Button>
            )}
            {onEdit !== undefined && (
              <Button onClick={() => onEdit(group)}>
                <Pencil aria-hidden /> Edit…
              </Button>
            )}
          </>
        ) : undefined
      }
    >
      {group === undefined && query.isError && (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      )}
      {group === undefined && query.isPending && <Skeleton className="w-48" />}
      {group !== undefined && (
        <Tabs value={tab === 'models' ? 'models' : 'members'} onValueChange={onTab}>
          <TabList aria-label={`About ${group.name}`} className="mb-4">
            <Tab value="members">Members</Tab>
            <Tab value="models">Models</Tab>
          </TabList>
          <TabPanel value="members">
            <MembersTab group={group} />
          </TabPanel>
          <TabPanel value="models">
            <ModelsTab group={group} />
          </TabPanel>
        </Tabs>
      )}
    </Drawer>
  )
}

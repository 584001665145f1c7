/** Whom a model is granted to. */
import { useQuery } from '@tanstack/react-query'
import { Plus, Users } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Badge } from '@/components/badge'
import { Picker } from '@/components/choose-one'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { EmptyState } from '@/components/page'
import { Panel } from '@/components/panel'
import { PlainTable, type PlainColumn } from '@/components/plain-table'
import { say, sayProblem } from '@/components/toast'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { useCan } from '@/session/session'
import type { Schema } from '@/api/client'
import { useGrant, useRevoke } from '../changes'
import { groupsOptions, type Model } from '../queries'

type Group = Schema['Group']
const EVERYONE = '00000000-0000-0000-0000-000000000000'

export function GroupsTab({ model }: { model: Model }) {
  const can = useCan()
  const revoke = useRevoke(model.id)
  const [revoking, setRevoking] = useState<Group>()
  const groups = model.groups ?? []
  const changes = can('Update', 'Groups')
  return (
    <Panel
      flush
      title="Groups"
      description="Their people may call the model."
      actions={changes && <GrantButton model={model} />}
    >
      {groups.length === 0 ? (
        <EmptyState icon={<Users />} title="Granted to nobody">
          Nobody may call {model.alias} until it is granted to a group.
        </EmptyState>
      ) : (
        <PlainTable
          label={`Groups that ${model.alias} is granted to`}
          columns={columns(changes ? setRevoking : undefined)}
          rows={groups}
          rowId={(group) => group.id}
        />
      )}
      {revoking !== undefined && (
        <ConfirmDialog
          open
          danger
          onClose={() => setRevoking(undefined)}
          title={`Take ${model.alias} from ${revoking.name}?`}
          action="Take it away"
          onConfirm={async () => {
            await revoke.mutateAsync(revoking.id)
            say(`${revoking.name} lost ${model.alias}`)
          }}
        >
          <p>
            Its people can no longer call {model.alias}, within seconds, unless another of their groups has
            it.
          </p>
        </ConfirmDialog>
      )}
    </Panel>
  )
}

function columns(onRevoke: ((group: Group) => void) | undefined): PlainColumn<Group>[] {
  return [
    {
      head: 'Group',
      cell: (group) => (
        <span className="flex items-center gap-2">
          <span className="truncate font-medium">{group.name}</span>
          {group.id === EVERYONE && <Badge>Every user</Badge>}
        </span>
      ),
    },
    {
      head: 'Description',
      from: 'md',
      cell: (group) => <span className="block max-w-96 truncate text-soft">{group.description}</span>,
    },
    { head: 'Created', from: 'sm', cell: (group) => <Time at={group.created_at} /> },
    ...(onRevoke === undefined
      ? []
      : [
          {
            head: <span className="sr-only">Actions</span>,
            numeric: true,
            cell: (group: Group) => (
              <Button size="sm" aria-label={`Revoke from ${group.name}`} onClick={() => onRevoke(group)}>
                Revoke…
              </Button>
            ),
          },
        ]),
  ]
}

function GrantButton({ model }: { model: Model }) {
  const grant = useGrant(model.id)
  const [typed, setTyped] = useState('')
  const choices = useQuery(groupsOptions(useDeferredValue(typed.trim())))
  const present = new Set((model.groups ?? []).map((group) => group.id))
  return (
    <Picker
      trigger={
        <Button variant="primary" busy={grant.isPending}>
          <Plus aria-hidden /> Grant to a group
        </Button>
      }
      searchLabel="Find a group"
      search={typed}
      onSearch={setTyped}
      loading={choices.isFetching}
      choices={(choices.data?.data ?? [])
        .filter((group) => !present.has(group.id))
        .map((group) => ({ value: group.id, label: group.name, detail: group.description ?? undefined }))}
      onChoose={({ value, label }) =>
        grant.mutate(value, { onSuccess: () => say(`${label} may call ${model.alias}`), onError: sayProblem })
      }
    />
  )
}

import { useState } from 'react'
import { Badge } from '@/components/badge'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { DetailList } from '@/components/detail-list'
import { SwitchField, TextField } from '@/components/fields'
import { Panel } from '@/components/panel'
import { SettingsCard } from '@/components/settings-card'
import { say } from '@/components/toast'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { roleName, sourceName } from '@/format/roles'
import { useUser } from '@/session/session'
import { Sheet } from '../sheet'
import { useChangeOwnAccount, useEraseOwnBodies } from './queries'

export function ProfilePage() {
  const user = useUser()
  const change = useChangeOwnAccount()
  return (
    <Sheet title="Profile" description="Who you are here.">
      <SettingsCard
        title="Name"
        description="Shown to administrators, and in the corner of this window."
        values={{ display_name: user.display_name ?? '' }}
        save={({ display_name }) => change.mutateAsync({ display_name: display_name.trim() })}
      >
        {(form) => (
          <TextField
            control={form.control}
            name="display_name"
            label="Display name"
            placeholder={user.username}
          />
        )}
      </SettingsCard>
      <Panel title="Account" description="Your administrator can change what stands here.">
        <DetailList
          entries={[
            ['E-mail', user.email],
            ['Username', user.username],
            ['Signs in by', sourceName(user.auth_source)],
            ['Roles', <Roles key="roles" roles={user.roles} admin={user.is_admin} />],
            ['Since', <Time key="since" at={user.created_at} />],
            [
              'Id',
              <code key="id" className="font-mono text-xs">
                {user.id}
              </code>,
            ],
          ]}
        />
      </Panel>
      <SettingsCard
        title="Your conversations"
        description="Requests are counted and charged in any case; this is about what was said in them."
        values={{ zero_data_retention: user.zero_data_retention }}
        save={(values) => change.mutateAsync(values)}
      >
        {(form) => (
          <SwitchField
            control={form.control}
            name="zero_data_retention"
            label="Keep none of my conversations"
            hint="Requests and answers made with your keys are stored nowhere from now on."
          />
        )}
      </SettingsCard>
      <EraseConversations />
    </Sheet>
  )
}

function Roles({ roles, admin }: { roles: readonly string[]; admin: boolean }) {
  return (
    <span className="flex flex-wrap justify-end gap-1">
      {admin && <Badge tone="note">The configuration’s administrator</Badge>}
      {roles.map((role) => (
        <Badge key={role}>{roleName(role)}</Badge>
      ))}
    </span>
  )
}

function EraseConversations() {
  const [asking, setAsking] = useState(false)
  const erase = useEraseOwnBodies()
  return (
    <>
      <Panel
        title="Erase what was kept"
        description="What you and your programs have said and were answered until now."
        actions={
          <Button className="text-bad" onClick={() => setAsking(true)}>
            Erase…
          </Button>
        }
      />
      <ConfirmDialog
        danger
        open={asking}
        onClose={() => setAsking(false)}
        title="Erase all your conversations?"
        action="Erase conversations"
        onConfirm={async () => {
          const erased = await erase.mutateAsync()
          say(
            erased === 0
              ? 'Nothing was kept.'
              : `The conversations of ${plural(erased, 'request')} are gone.`,
          )
        }}
      >
        <p>
          Requests and answers of all your keys are deleted for good. How many tokens they took, and what they
          cost, stays on record.
        </p>
      </ConfirmDialog>
    </>
  )
}

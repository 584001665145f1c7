import { useNavigate } from '@tanstack/react-router'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { Panel } from '@/components/panel'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { useCan } from '@/session/session'
import { useDeleteModel } from '../changes'
import type { Model } from '../queries'

export function DeleteCard({ model }: { model: Model }) {
  const can = useCan()
  const navigate = useNavigate()
  const remove = useDeleteModel()
  const [asking, setAsking] = useState(false)
  if (!can('Delete', 'Models')) return null
  const groups = model.groups?.length ?? 0
  return (
    <>
      <Panel
        title="Delete this model"
        description="Requests for it are refused at once. Its usage and what was paid for it stay on record."
        actions={
          <Button className="text-bad" onClick={() => setAsking(true)}>
            <Trash2 aria-hidden /> Delete…
          </Button>
        }
      />
      <ConfirmDialog
        danger
        open={asking}
        onClose={() => setAsking(false)}
        title={`Delete ${model.alias}?`}
        action={`Delete ${model.alias}`}
        onConfirm={async () => {
          await remove.mutateAsync(model)
          say(`${model.alias} is deleted`)
          await navigate({ to: '/models' })
        }}
      >
        <p>
          {groups === 0
            ? 'It is granted to nobody.'
            : `The people of ${plural(groups, 'group')} can no longer call it.`}{' '}
          Composite models lose it as a deployment. Its alias stays taken, and there is no way back.
        </p>
      </ConfirmDialog>
    </>
  )
}

/** Who may use the models that have just come in. */
import { useQuery } from '@tanstack/react-query'
import { CircleCheck } from 'lucide-react'
import { useId, useState } from 'react'
import { asProblem } from '@/api/problem'
import { FormError } from '@/components/form-field'
import { Skeleton } from '@/components/page'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Checkbox } from '@/design/field'
import { Dialog } from '@/design/dialog'
import { plural } from '@/format/number'
import { groupsOptions } from '@/pages/models/queries'
import { useGrant } from './queries'

const EVERYONE = '00000000-0000-0000-0000-000000000000'

interface GrantStepProps {
  title: string
  modelIds: readonly string[]
  onClose: () => void
}

export function GrantStep({ title, modelIds, onClose }: GrantStepProps) {
  const base = useId()
  const groups = useQuery(groupsOptions)
  const grant = useGrant()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const models = plural(modelIds.length, 'model')
  const listed = [...(groups.data?.data ?? [])].sort(
    (one, other) => Number(other.id === EVERYONE) - Number(one.id === EVERYONE),
  )
  const submit = async () => {
    await grant.mutateAsync({ groupIds: chosen, modelIds })
    say(`${models} granted to ${plural(chosen.length, 'group')}.`)
    onClose()
  }
  return (
    <Dialog
      open
      follows
      onClose={onClose}
      title={title}
      description="So far nobody may use them but through a group that you choose here, or later."
      footer={
        <>
          <Button onClick={onClose}>Not now</Button>
          <Button
            variant="primary"
            disabled={chosen.length === 0}
            busy={grant.isPending}
            onClick={() => void submit().catch(() => undefined)}
          >
            {chosen.length === 0 ? `Grant ${models}` : `Grant to ${plural(chosen.length, 'group')}`}
          </Button>
        </>
      }
    >
      <p className="mb-3 flex items-center gap-2 text-good">
        <CircleCheck className="size-4" aria-hidden /> {models} {modelIds.length === 1 ? 'is' : 'are'} here.
      </p>
      <fieldset>
        <legend className="mb-1.5 font-medium">Grant {modelIds.length === 1 ? 'it' : 'them'} to</legend>
        <ul className="divide-y divide-line rounded-lg border border-line">
          {groups.isPending && (
            <li className="px-3 py-3">
              <Skeleton className="w-32" />
            </li>
          )}
          {listed.map((group, index) => (
            <li key={group.id}>
              <label
                htmlFor={`${base}-${index}`}
                className="flex min-h-10 cursor-pointer items-center gap-2.5 px-3 py-1.5 hover:bg-hover"
              >
                <Checkbox
                  id={`${base}-${index}`}
                  checked={chosen.includes(group.id)}
                  onCheckedChange={(checked) =>
                    setChosen(
                      checked === true ? [...chosen, group.id] : chosen.filter((each) => each !== group.id),
                    )
                  }
                />
                <span className="min-w-0">
                  <span className="block truncate">{group.name}</span>
                  {group.id === EVERYONE && (
                    <span className="block text-xs text-faint">All people, now and later.</span>
                  )}
                </span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <div className="mt-3">
        <FormError>{grant.error === null ? undefined : asProblem(grant.error).message}</FormError>
        {groups.isError && <FormError>{asProblem(groups.error).message}</FormError>}
      </div>
    </Dialog>
  )
}

/** Which of an endpoint's models are here, and what they are called. */
import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { useId, useState } from 'react'
import { asProblem } from '@/api/problem'
import { FormError } from '@/components/form-field'
import { Skeleton } from '@/components/page'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Checkbox } from '@/design/field'
import { plural } from '@/format/number'
import { explained } from './explanation'
import { ModelPicker } from './model-picker'
import { hostedOptions, listedOptions, useChangeEndpoint, type Endpoint, type Validated } from './queries'
import { asImport, choicesOf, conflictsOf, type Choice } from './selection'
import { TestFailure } from './test-failure'

interface ChooseModelsProps {
  endpoint: Endpoint
  onClose: () => void
}

interface Imported {
  model_name: string
  alias: string
}

export function ChooseModelsDialog({ endpoint, onClose }: ChooseModelsProps) {
  const listed = useQuery(listedOptions(endpoint.id))
  const hosted = useQuery({ ...hostedOptions(endpoint.id), refetchOnWindowFocus: false })
  if (hosted.data !== undefined && !listed.isPending) {
    return (
      <Choosing
        endpoint={endpoint}
        imported={[...hosted.data.active, ...hosted.data.inactive]}
        listed={listed.data}
        failure={listed.error}
        onClose={onClose}
      />
    )
  }
  return (
    <Dialog open onClose={onClose} className="max-w-2xl" title={`Models of ${endpoint.name}`}>
      <div className="space-y-2.5" role="status" aria-label="The provider is asked">
        {hosted.isError ? (
          <FormError>{asProblem(hosted.error).message}</FormError>
        ) : (
          <>
            <p className="text-soft">The provider is asked…</p>
            <Skeleton className="h-40 w-full rounded-lg" />
          </>
        )}
      </div>
    </Dialog>
  )
}

interface ChoosingProps extends ChooseModelsProps {
  imported: readonly Imported[]
  listed: Validated | undefined
  /** Why there is no list: then only what is here can be chosen from. */
  failure: unknown
}

function Choosing({ endpoint, imported, listed, failure, onClose }: ChoosingProps) {
  const followId = useId()
  const change = useChangeEndpoint(endpoint.id)
  const [taken, setTaken] = useState<ReadonlySet<string>>(() => new Set(listed?.aliases_taken ?? []))
  const [choices, setChoices] = useState<Choice[]>(() =>
    choicesOf(listed?.models.data.map(({ id }) => id) ?? [], imported),
  )
  const [follow, setFollow] = useState(endpoint.model_filter === null)
  const conflicts = conflictsOf(choices, taken)
  const chosen = choices.filter((choice) => choice.chosen)
  const all = listed !== undefined && chosen.length === choices.length
  const kept = new Set(chosen.map((choice) => choice.name))
  const leaving = imported.filter((model) => !kept.has(model.model_name))
  const submit = async () => {
    try {
      await change.mutateAsync(asImport(choices))
      if (all && follow) await change.mutateAsync({ remove_model_filter: true })
      say(`${endpoint.name} has ${plural(chosen.length, 'model')} now.`)
      onClose()
    } catch (error) {
      const refused = asProblem(error).conflicts.map((each) => each.attempted_alias)
      if (refused.length > 0) setTaken(new Set([...taken, ...refused]))
    }
  }
  return (
    <Dialog
      open
      follows
      onClose={onClose}
      className="max-w-2xl"
      title={`Models of ${endpoint.name}`}
      description="An alias is what callers say: who says the old one is refused once it has changed."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant={leaving.length > 0 ? 'danger' : 'primary'}
            busy={change.isPending}
            disabled={conflicts.size > 0}
            onClick={() => void submit()}
          >
            {leaving.length > 0 ? `Save and delete ${plural(leaving.length, 'model')}` : 'Save models'}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        {listed === undefined && <TestFailure explanation={{ ...explained(failure), nameable: false }} />}
        <ModelPicker choices={choices} onChange={setChoices} conflicts={conflicts} />
        {all && (
          <label htmlFor={followId} className="flex cursor-pointer items-center gap-2.5">
            <Checkbox
              id={followId}
              checked={follow}
              onCheckedChange={(checked) => setFollow(checked === true)}
            />
            Let in what the provider adds later, when the endpoint is synchronised
          </label>
        )}
        {leaving.length > 0 && (
          <p className="flex gap-2 rounded-md bg-warn-well px-3 py-2 text-warn">
            <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
            <span>
              Erased, with {leaving.length === 1 ? 'its' : 'their'} grants and prices:{' '}
              {leaving.map((model) => model.alias).join(', ')}.
            </span>
          </p>
        )}
        <FormError>
          {change.error !== null && conflicts.size === 0 ? asProblem(change.error).message : undefined}
        </FormError>
      </div>
    </Dialog>
  )
}

import { CircleCheck } from 'lucide-react'
import { useId, useState } from 'react'
import { asProblem } from '@/api/problem'
import { FormError, FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Checkbox } from '@/design/field'
import { plural } from '@/format/number'
import type { Schema } from '@/api/client'
import { asConnection, type ConnectionValues } from './connection'
import { ModelPicker } from './model-picker'
import type { Provider } from './presets'
import { useConnect, type NewEndpoint, type Validated } from './queries'
import { asImport, conflictsOf, firstChoices, namesIn, type Choice } from './selection'

interface ImportStepProps {
  provider: Provider
  values: ConnectionValues
  /** `undefined`: there is no list, so the models are named by hand. */
  validated: Validated | undefined
  /** Back to the connection, with what is wrong with it. */
  onBack: (problem: unknown) => void
  onClose: () => void
  onConnected: (endpoint: Schema['Endpoint']) => Promise<void>
}

export function ImportStep(props: ImportStepProps) {
  const { provider, values, validated, onBack, onClose, onConnected } = props
  const followId = useId()
  const connect = useConnect()
  const [taken, setTaken] = useState<ReadonlySet<string>>(() => new Set(validated?.aliases_taken ?? []))
  const [choices, setChoices] = useState<Choice[]>(() =>
    firstChoices(validated?.models.data.map(({ id }) => id) ?? [], taken, values.name),
  )
  const [typed, setTyped] = useState('')
  const [follow, setFollow] = useState(true)
  const [opening, setOpening] = useState(false)
  const conflicts = conflictsOf(choices, taken)
  const chosen = choices.filter((choice) => choice.chosen)
  const all = validated !== undefined && chosen.length === choices.length
  const { error } = connect
  const submit = async () => {
    const imported = asImport(choices)
    const which: Partial<NewEndpoint> =
      all && follow
        ? { sync: true, alias_mapping: imported.alias_mapping }
        : { skip_fetch: true, ...imported }
    try {
      const endpoint = await connect.mutateAsync({
        name: values.name.trim(),
        ...asConnection(values),
        ...which,
      })
      setOpening(true)
      await onConnected(endpoint)
    } catch (caught) {
      const problem = asProblem(caught)
      if (problem.conflicts.length > 0) {
        setTaken(new Set([...taken, ...problem.conflicts.map((each) => each.attempted_alias)]))
      } else if (problem.status === 409) onBack(caught)
    }
  }
  return (
    <Dialog
      open
      follows
      onClose={onClose}
      className="max-w-2xl"
      title={`Models of ${values.name.trim()}`}
      description="An alias is what callers say. Without one, a model keeps its own name."
      footer={
        <>
          <Button onClick={() => onBack(undefined)} className="mr-auto">
            Back
          </Button>
          <Button
            variant="primary"
            busy={connect.isPending || opening}
            disabled={conflicts.size > 0}
            onClick={() => void submit()}
          >
            {chosen.length === 0
              ? 'Connect without models'
              : `Connect with ${plural(chosen.length, 'model')}`}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        {validated === undefined ? (
          <FormField
            label="Models"
            hint={`As ${provider.key === 'custom' ? 'the provider' : provider.name} calls them, one a line.`}
          >
            {(control) => (
              <textarea
                {...control}
                rows={4}
                value={typed}
                onChange={(event) => {
                  setTyped(event.target.value)
                  const kept = new Map(choices.map((choice) => [choice.name, choice]))
                  setChoices(
                    namesIn(event.target.value).map(
                      (name) => kept.get(name) ?? { name, chosen: true, alias: '' },
                    ),
                  )
                }}
                spellCheck={false}
                placeholder={'gpt-5.2\ngpt-5.2-mini'}
                className="w-full rounded-md border border-line-strong bg-surface px-2.5 py-1.5 font-mono text-xs shadow-raised outline-none placeholder:text-faint focus-visible:border-accent"
              />
            )}
          </FormField>
        ) : (
          <p className="flex items-center gap-2 text-good" role="status">
            <CircleCheck className="size-4" aria-hidden /> It works: the provider lists{' '}
            {plural(choices.length, 'model')}.
          </p>
        )}
        {choices.length > 0 && <ModelPicker choices={choices} onChange={setChoices} conflicts={conflicts} />}
        {all && (
          <label htmlFor={followId} className="flex cursor-pointer items-start gap-2.5">
            <Checkbox
              id={followId}
              className="mt-0.5"
              checked={follow}
              onCheckedChange={(checked) => setFollow(checked === true)}
            />
            <span>
              Let in what the provider adds later
              <span className="block text-xs text-faint">
                When the endpoint is synchronised; nothing comes in by itself.
              </span>
            </span>
          </label>
        )}
        <FormError>{error !== null && conflicts.size === 0 ? asProblem(error).message : undefined}</FormError>
      </div>
    </Dialog>
  )
}

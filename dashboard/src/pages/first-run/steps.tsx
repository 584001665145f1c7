/** What each step is, and how it is done. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck, FlaskConical, KeyRound, Plug } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { asProblem } from '@/api/problem'
import { FormError, FormField } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Select } from '@/design/field'
import { plural } from '@/format/number'
import { useConnectSimulated, useGrant } from '@/pages/endpoints/queries'
import { groupsOptions } from '@/pages/models/queries'
import { useFreshKey } from './fresh-key'
import { modelIds } from './queries'

const EVERYONE = '00000000-0000-0000-0000-000000000000'

interface ConnectStepProps {
  /** The server starts the simulated provider itself. */
  offersSimulated: boolean
}

export function ConnectStep({ offersSimulated }: ConnectStepProps) {
  const simulated = useConnectSimulated()
  const start = () => simulated.mutate(undefined, { onSuccess: ({ name }) => say(`${name} is connected.`) })
  return (
    <StepBody
      text="A company with a key, a server of your own, or, to try everything, the simulated provider: it answers at once and costs nothing."
      error={simulated.error}
    >
      <Button variant="primary" asChild>
        <Link to="/endpoints" search={{ connect: 'yes', then: 'first-run' }}>
          <Plug aria-hidden /> Connect a provider
        </Link>
      </Button>
      {offersSimulated ? (
        <Button busy={simulated.isPending} onClick={start}>
          <FlaskConical aria-hidden /> Use the simulated provider
        </Button>
      ) : (
        <Button asChild>
          <Link to="/endpoints" search={{ connect: 'simulated', then: 'first-run' }}>
            Use the simulated provider
          </Link>
        </Button>
      )}
    </StepBody>
  )
}

export function DiscoverStep() {
  return (
    <StepBody text="The provider is connected, but none of its models is here. Choose some, or synchronise it.">
      <Button variant="primary" asChild>
        <Link to="/endpoints">Go to the endpoints</Link>
      </Button>
    </StepBody>
  )
}

export function GrantStep() {
  const client = useQueryClient()
  const groups = useQuery(groupsOptions)
  const grant = useGrant()
  const [group, setGroup] = useState(EVERYONE)
  const [finding, setFinding] = useState(false)
  const submit = async () => {
    setFinding(true)
    try {
      const ids = await modelIds()
      await grant.mutateAsync({ groupIds: [group], modelIds: ids })
      await client.invalidateQueries({ queryKey: ['models'] })
      say(`${plural(ids.length, 'model')} granted.`)
    } finally {
      setFinding(false)
    }
  }
  return (
    <StepBody
      text="Models are for groups: whoever is in one calls what it was granted. Everyone is a group too."
      error={grant.error ?? groups.error}
    >
      <FormField label="Group" className="w-56">
        {(control) => (
          <Select
            {...control}
            value={group}
            onChange={setGroup}
            options={(groups.data?.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          />
        )}
      </FormField>
      <Button
        variant="primary"
        className="self-end"
        busy={finding}
        onClick={() => void submit().catch(() => undefined)}
      >
        Grant all models
      </Button>
    </StepBody>
  )
}

interface KeyStepProps {
  onMade: (secret: string) => void
}

export function KeyStep({ onMade }: KeyStepProps) {
  const [make, making, error] = useFreshKey(onMade)
  return (
    <StepBody text="A key is all that a program needs. It may call whatever its owner may." error={error}>
      <Button variant="primary" busy={making} onClick={make}>
        <KeyRound aria-hidden /> Make a key
      </Button>
    </StepBody>
  )
}

export function Arrived() {
  return (
    <div className="rounded-lg bg-good-well px-4 py-3" role="status">
      <p className="flex items-center gap-2 font-medium text-good">
        <CircleCheck className="size-4" aria-hidden /> The first request was answered.
      </p>
      <p className="mt-1 text-soft">
        Everything works. Point a program at the same base URL, and give its people keys of their own.
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        <Button variant="primary" asChild>
          <Link to="/models">See the models</Link>
        </Button>
        <Button asChild>
          <Link to="/api-keys">See your keys</Link>
        </Button>
      </div>
    </div>
  )
}

interface StepBodyProps {
  text: string
  error?: Error | null
  children: ReactNode
}

export function StepBody({ text, error, children }: StepBodyProps) {
  return (
    <div className="space-y-3">
      <p className="max-w-prose text-soft">{text}</p>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
      <FormError>{error == null ? undefined : asProblem(error).message}</FormError>
    </div>
  )
}

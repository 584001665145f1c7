/** The first request: a line for a terminal, and word of what has become of it. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { KeyRound, Radio, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { asProblem } from '@/api/problem'
import { CodeBlock } from '@/components/code-block'
import { FormError, FormField } from '@/components/form-field'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Select } from '@/design/field'
import { useAiBaseUrl, useCan } from '@/session/session'
import { firstCurl } from './first-curl'
import { firstModel } from './first-model'
import { useFreshKey } from './fresh-key'
import { callableOptions, lastRequestOptions, POLL_MS } from './queries'
import { StepBody } from './steps'

interface RequestStepProps {
  /** Of a key that was made here. */
  secret: string | undefined
  onMade: (secret: string) => void
}

export function RequestStep({ secret, onMade }: RequestStepProps) {
  const baseUrl = useAiBaseUrl()
  const models = useQuery(callableOptions)
  const [wanted, setWanted] = useState<string>()
  const [make, making, error] = useFreshKey(onMade)
  const model = models.data?.find(({ alias }) => alias === wanted) ?? firstModel(models.data ?? [])
  if (models.data?.length === 0) {
    return (
      <StepBody text="You may call no model yourself: those that were granted are for groups that you are not in.">
        <Button asChild>
          <Link to="/models">Go to the models</Link>
        </Button>
      </StepBody>
    )
  }
  return (
    <div className="space-y-3">
      <p className="max-w-prose text-soft">
        {secret === undefined
          ? 'Put the secret of a key in place of YOUR_API_KEY, or make a fresh one here. Then run this in a terminal:'
          : 'The key in it is fresh, and is not shown again once you leave this page. Run this in a terminal:'}
      </p>
      <div className="flex flex-wrap items-end gap-2">
        <FormField label="Model" className="w-64 max-w-full">
          {(control) => (
            <Select
              {...control}
              value={model?.alias ?? ''}
              onChange={setWanted}
              options={(models.data ?? []).map(({ alias }) => ({ value: alias, label: alias }))}
            />
          )}
        </FormField>
        {secret === undefined && (
          <Button busy={making} onClick={make}>
            <KeyRound aria-hidden /> Make a fresh key
          </Button>
        )}
      </div>
      {model !== undefined && (
        <CodeBlock
          language="bash"
          label="First request, as curl"
          code={firstCurl({ baseUrl, key: secret, model: model.alias, type: model.model_type })}
        />
      )}
      <p role="status" className="flex items-center gap-2 text-soft">
        <Radio className="size-4 animate-breathe text-accent" aria-hidden />
        Waiting for a request that is answered…
      </p>
      <FailedRequest />
      <FormError>{error === null ? undefined : asProblem(error).message}</FormError>
    </div>
  )
}

/** A request that came, but was not answered as it should: whoever waits should know. */
function FailedRequest() {
  const may = useCan()('Read', 'Requests')
  const { data } = useQuery({ ...lastRequestOptions, enabled: may, refetchInterval: POLL_MS })
  if (data == null || (data.status_code ?? 0) < 400) return null
  return (
    <p role="alert" className="flex gap-2 rounded-md bg-warn-well px-3 py-2 text-warn">
      <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <span>
        A request for {data.model} arrived <Time at={data.timestamp} />, but ended with status{' '}
        {data.status_code}. What the terminal shows says why.
      </span>
    </p>
  )
}

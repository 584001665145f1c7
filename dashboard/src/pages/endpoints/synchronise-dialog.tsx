import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { asProblem } from '@/api/problem'
import { Badge, type Tone } from '@/components/badge'
import { Disclosure } from '@/components/disclosure'
import { FormError } from '@/components/form-field'
import { Skeleton } from '@/components/page'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { plural } from '@/format/number'
import { differenceOf, type Part } from './difference'
import { explained } from './explanation'
import { GrantStep } from './grant-step'
import { differenceOptions, hostedOptions, useSynchronise, type Endpoint } from './queries'
import { TestFailure } from './test-failure'

interface SynchroniseDialogProps {
  endpoint: Endpoint
  onClose: () => void
  /** To the choice of models, which gives aliases too. */
  onChoose: () => void
}

export function SynchroniseDialog({ endpoint, onClose, onChoose }: SynchroniseDialogProps) {
  const client = useQueryClient()
  const difference = useQuery(differenceOptions(endpoint.id))
  const hosted = useQuery(hostedOptions(endpoint.id))
  const synchronise = useSynchronise(endpoint.id)
  const [granted, setGranted] = useState<string[]>()
  const result = difference.data
  const elsewhere = result === undefined ? 0 : result.total_models_fetched - result.filtered_models_count
  const apply = async () => {
    const done = await synchronise.mutateAsync()
    say(`${endpoint.name} synchronised: ${plural(done.changes_made, 'change')}.`)
    const { active } = await client.query({ ...hostedOptions(endpoint.id), staleTime: 0 })
    const created = new Set(done.changes.created)
    const news = active.filter((model) => created.has(model.model_name)).map((model) => model.id)
    if (news.length === 0) onClose()
    else setGranted(news)
  }
  if (granted !== undefined) {
    return <GrantStep title={`New at ${endpoint.name}`} modelIds={granted} onClose={onClose} />
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Synchronise ${endpoint.name}`}
      description="What the provider lists now, against the models that are here. Nothing has changed yet."
      footer={
        <>
          <Button onClick={onClose}>{result?.changes_made === 0 ? 'Close' : 'Cancel'}</Button>
          {result?.changes_made !== 0 && !difference.isError && (
            <Button
              variant="primary"
              disabled={result === undefined}
              busy={synchronise.isPending}
              onClick={() => void apply().catch(() => undefined)}
            >
              {result === undefined ? 'Apply' : `Apply ${plural(result.changes_made, 'change')}`}
            </Button>
          )}
        </>
      }
    >
      <div className="space-y-4">
        {difference.isError ? (
          <>
            <TestFailure explanation={{ ...explained(difference.error), nameable: false }} />
            <Button busy={difference.isFetching} onClick={() => void difference.refetch()}>
              Try again
            </Button>
          </>
        ) : result === undefined || hosted.data === undefined ? (
          <div className="space-y-2.5" role="status" aria-label="The provider is asked">
            <p className="text-soft">The provider is asked…</p>
            <Skeleton className="w-3/4" />
            <Skeleton className="w-1/2" />
          </div>
        ) : (
          <>
            {result.changes_made === 0 && <p>Everything is as the provider lists it.</p>}
            <Difference
              parts={differenceOf(
                result,
                hosted.data.active.map((model) => model.model_name),
              )}
            />
            {(elsewhere > 0 || result.changes.skipped.length > 0) && (
              <p className="text-soft">
                {elsewhere > 0 &&
                  `The provider has ${plural(elsewhere, 'model')} more, which you did not choose. `}
                <Button variant="link" onClick={onChoose}>
                  Choose models
                </Button>
              </p>
            )}
          </>
        )}
        <FormError>{synchronise.error === null ? undefined : asProblem(synchronise.error).message}</FormError>
      </div>
    </Dialog>
  )
}

const TONES: Record<Part['kind'], Tone> = {
  created: 'good',
  reactivated: 'good',
  deactivated: 'warn',
  deleted: 'bad',
  skipped: 'warn',
  unchanged: 'neutral',
}
const SIGNS: Record<Part['kind'], string> = {
  created: '+',
  reactivated: '+',
  deactivated: '−',
  deleted: '−',
  skipped: '!',
  unchanged: '=',
}

function Difference({ parts }: { parts: readonly Part[] }) {
  return (
    <div className="divide-y divide-line overflow-hidden rounded-lg border border-line">
      {parts.map((part) => (
        <Disclosure
          key={part.kind}
          open={part.kind !== 'unchanged'}
          summary={
            <>
              <Badge tone={TONES[part.kind]} className="w-6 justify-center font-mono" aria-hidden>
                {SIGNS[part.kind]}
              </Badge>
              <span className="font-medium">{part.title}</span>
              <span className="text-faint tabular-nums">{part.names.length}</span>
            </>
          }
          summaryClassName="min-h-10 px-3 hover:bg-hover"
        >
          <div className="px-3 pb-3">
            <p className="mb-2 text-xs text-soft">{part.meaning}</p>
            <ul className="max-h-48 space-y-0.5 overflow-y-auto font-mono text-xs">
              {part.names.map((name) => (
                <li key={name} className="break-all">
                  {name}
                </li>
              ))}
            </ul>
          </div>
        </Disclosure>
      ))}
    </div>
  )
}

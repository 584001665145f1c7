/** The same models as cards, for choosing one rather than watching them. */
import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CodeXml } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge } from '@/components/badge'
import type { Listed } from '@/components/data-table/data-table'
import { Pager } from '@/components/data-table/pager'
import { ErrorState, Skeleton } from '@/components/page'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { count, milliseconds } from '@/format/number'
import { spaced } from '@/format/word'
import { useCan } from '@/session/session'
import { DayLine, GroupBadges, HealthStatus, ModelMark, providerOf, TypeBadge, WholePrice } from './parts'
import type { Model, ModelsState } from './queries'

const WAITING = 6
const NOTHING = { shown: '—', exact: 'It was not asked yet' }

interface ModelCardsProps {
  query: UseQueryResult<Listed<Model>>
  state: ModelsState
  onApi: (model: Model) => void
  nothing: ReactNode
}

export function ModelCards({ query, state, onApi, nothing }: ModelCardsProps) {
  if (query.isError && query.data === undefined) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  if (query.data?.total_count === 0) {
    return <div className="rounded-lg border border-line bg-surface shadow-raised">{nothing}</div>
  }
  return (
    <>
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3 2xl:grid-cols-4" aria-busy={query.isFetching}>
        {query.data === undefined
          ? Array.from({ length: WAITING }, (_, index) => (
              <li key={index} className="h-56 space-y-3 rounded-lg border border-line bg-surface p-4">
                <Skeleton className="w-32" />
                <Skeleton className="w-48" />
              </li>
            ))
          : query.data.data.map((model) => (
              <li key={model.id} className="min-w-0">
                <Card model={model} onApi={onApi} />
              </li>
            ))}
      </ul>
      {query.data !== undefined && (
        <div className="mt-3 rounded-lg border border-line bg-surface shadow-raised [&>div]:border-t-0">
          <Pager state={state} total={query.data.total_count} loading={false} />
        </div>
      )}
    </>
  )
}

function Card({ model, onApi }: { model: Model; onApi: (model: Model) => void }) {
  const can = useCan()
  const named = model.display_name != null
  return (
    <article className="flex h-full flex-col rounded-lg border border-line bg-surface p-4 shadow-raised">
      <div className="flex items-start gap-2.5">
        <ModelMark model={model} />
        <div className="min-w-0 flex-1 leading-4">
          <h2 className="truncate text-base font-medium">
            <Link to="/models/$modelId" params={{ modelId: model.id }} className="hover:underline">
              {model.display_name ?? model.alias}
            </Link>
          </h2>
          <p className="truncate text-xs text-faint">
            {named && <code className="font-mono">{model.alias}</code>}
            {named && providerOf(model) !== undefined && ' · '}
            {providerOf(model)}
            {!named && providerOf(model) === undefined && (model.is_composite === true ? 'Composite' : ' ')}
          </p>
        </div>
        <TypeBadge model={model} />
      </div>
      <p className="mt-2.5 line-clamp-2 min-h-5 text-soft">
        {model.description ?? (model.model_name === model.alias ? '' : model.model_name)}
      </p>
      <div className="mt-2 mb-3 flex min-h-5 flex-wrap gap-1">
        {(model.abilities?.capabilities ?? []).map((capability) => (
          <Badge key={capability}>{spaced(capability)}</Badge>
        ))}
      </div>
      <div className="mt-auto" />
      {can('Read', 'Analytics') && <CardFigures model={model} />}
      <div className="flex items-end justify-between gap-3 pt-3">
        <div className="min-w-0 space-y-0.5 text-xs">
          <div className="flex items-center gap-2">
            <HealthStatus model={model} />
            {can('Read', 'Groups') && <GroupBadges model={model} />}
          </div>
          <div>
            <WholePrice model={model} />
          </div>
        </div>
        <Button aria-label={`API of ${model.alias}`} onClick={() => onApi(model)}>
          <CodeXml aria-hidden /> API
        </Button>
      </div>
    </article>
  )
}

/** What the table has columns for. */
function CardFigures({ model }: { model: Model }) {
  const { metrics } = model
  const tokens = (metrics?.total_input_tokens ?? 0) + (metrics?.total_output_tokens ?? 0)
  const latency = metrics?.avg_latency_ms
  const figures = [
    ['Requests', count(metrics?.total_requests ?? 0)],
    ['Tokens', count(tokens)],
    ['Avg. time', latency == null ? NOTHING : milliseconds(latency)],
  ] as const
  return (
    <div className="flex items-start justify-between gap-3 border-t border-line pt-2.5 text-xs">
      <dl className="flex gap-5 whitespace-nowrap">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt className="text-faint">{name}</dt>
            <dd className="mt-0.5 tabular-nums">
              <Figure value={value} />
            </dd>
          </div>
        ))}
      </dl>
      <div className="min-w-0 text-right">
        <DayLine model={model} />
        <div className="mt-1 truncate text-faint">
          {metrics?.last_active_at == null ? (
            'Never used'
          ) : (
            <>
              Used <Time at={metrics.last_active_at} />
            </>
          )}
        </div>
      </div>
    </div>
  )
}

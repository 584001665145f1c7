/** The same models as cards, for choosing one rather than watching them. */
import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CodeXml } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge } from '@/components/badge'
import type { Listed } from '@/components/data-table/data-table'
import { Pager } from '@/components/data-table/pager'
import { ErrorState, Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { HealthStatus, Price, providerOf, TypeBadge } from './parts'
import type { Model, ModelsState } from './queries'

const WAITING = 6

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
              <li key={index} className="h-40 space-y-3 rounded-lg border border-line bg-surface p-4">
                <Skeleton className="w-32" />
                <Skeleton className="w-48" />
              </li>
            ))
          : query.data.data.map((model) => (
              <li key={model.id}>
                <Card model={model} onApi={onApi} />
              </li>
            ))}
      </ul>
      <div className="mt-3 rounded-lg border border-line bg-surface shadow-raised [&>div]:border-t-0">
        <Pager state={state} total={query.data?.total_count ?? 0} loading={query.isPending} />
      </div>
    </>
  )
}

function Card({ model, onApi }: { model: Model; onApi: (model: Model) => void }) {
  return (
    <article className="flex h-full flex-col rounded-lg border border-line bg-surface p-4 shadow-raised">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="truncate text-base font-medium">
            <Link to="/models/$modelId" params={{ modelId: model.id }} className="hover:underline">
              {model.display_name ?? model.alias}
            </Link>
          </h2>
          <p className={cn('truncate text-xs text-faint', model.display_name != null && 'font-mono')}>
            {model.display_name == null ? providerOf(model) : model.alias}
          </p>
        </div>
        <TypeBadge model={model} />
      </div>
      <p className="mt-2 line-clamp-2 min-h-10 text-soft">
        {model.description ?? (model.model_name === model.alias ? '' : model.model_name)}
      </p>
      <div className="mt-2 flex flex-wrap gap-1">
        {(model.capabilities ?? []).map((capability) => (
          <Badge key={capability}>{capability}</Badge>
        ))}
      </div>
      <div className="mt-auto flex items-center justify-between gap-3 pt-3">
        <div className="space-y-0.5 text-xs">
          <HealthStatus model={model} />
          <div>
            <Price model={model} /> <span className="text-faint">per 1M tokens</span>
          </div>
        </div>
        <Button aria-label={`API of ${model.alias}`} onClick={() => onApi(model)}>
          <CodeXml aria-hidden /> API
        </Button>
      </div>
    </article>
  )
}

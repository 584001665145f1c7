/** What the catalogue of list prices knows of a model. */
import { useQuery } from '@tanstack/react-query'
import { asProblem } from '@/api/problem'
import type { Schema } from '@/api/client'
import { Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { Figure } from '@/components/values'
import { Button } from '@/design/button'
import { count, pricePerMillion } from '@/format/number'
import { suggestionOptions, type Model } from '../queries'

export type CataloguePrices = Schema['SuggestedPrices']

interface SuggestionProps {
  model: Model
  onUse: (prices: CataloguePrices) => void
}

export function Suggestion({ model, onUse }: SuggestionProps) {
  const query = useQuery({ ...suggestionOptions(model.id), retry: false })
  if (query.isPending) {
    return (
      <Panel title="List prices" description={<Skeleton className="mt-2 w-64" />}>
        <Skeleton className="w-96 max-w-full" />
      </Panel>
    )
  }
  if (query.isError) {
    if (asProblem(query.error).status !== 404) return null
    return <Panel title="List prices" description={asProblem(query.error).message} />
  }
  const { source, model: listed } = query.data
  const prices = listed.prices
  return (
    <Panel
      title="List prices"
      description={`What ${listed.provider_name} asks for ${listed.model}, by ${source}. Nothing is charged by them unless you use them.`}
      actions={prices !== null && <Button onClick={() => onUse(prices)}>Use them…</Button>}
    >
      <p className="flex flex-wrap gap-x-6 gap-y-1 text-soft">
        {prices === null ? (
          'It charges for nothing that a tariff can charge for.'
        ) : (
          <>
            <span>
              Input <Figure value={pricePerMillion(prices.input_price_per_token)} />
            </span>
            <span>
              Output <Figure value={pricePerMillion(prices.output_price_per_token)} />
            </span>
            {prices.cached_input_price_per_token != null && (
              <span>
                From the cache <Figure value={pricePerMillion(prices.cached_input_price_per_token)} />
              </span>
            )}
            <span className="text-faint">per 1M tokens</span>
          </>
        )}
        {listed.context_window != null && (
          <span>
            Context window <Figure value={count(listed.context_window)} />
          </span>
        )}
      </p>
      {listed.remarks.length > 0 && (
        <p className="mt-1 text-xs text-faint">Left out: {listed.remarks.join('; ')}.</p>
      )}
    </Panel>
  )
}

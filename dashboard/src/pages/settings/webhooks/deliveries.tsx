/** What was sent to a webhook, and what came of each attempt. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useState } from 'react'
import { Status, type Tone } from '@/components/badge'
import { CodeBlock } from '@/components/code-block'
import { Disclosure } from '@/components/disclosure'
import { ErrorState, Skeleton } from '@/components/page'
import { say, sayProblem } from '@/components/toast'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import { Segments } from '@/design/tabs'
import { milliseconds, plural } from '@/format/number'
import {
  deliveriesOptions,
  useRetryDelivery,
  type Delivery,
  type DeliveryState,
  type Webhook,
} from './queries'

const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'pending', label: 'Waiting' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'failed', label: 'Given up' },
] as const

const STATES: Record<DeliveryState, { tone: Tone; name: string }> = {
  pending: { tone: 'warn', name: 'Waiting' },
  delivered: { tone: 'good', name: 'Delivered' },
  failed: { tone: 'bad', name: 'Given up' },
}

export function Deliveries({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const [shown, setShown] = useState<(typeof FILTERS)[number]['value']>('all')
  const query = useInfiniteQuery(deliveriesOptions(webhook.id, shown === 'all' ? undefined : shown))
  const deliveries = query.data?.pages.flatMap((page) => page.data)
  return (
    <Drawer
      open
      onClose={onClose}
      title="Deliveries"
      description={<span className="font-mono text-xs break-all">{webhook.url}</span>}
    >
      <div className="mb-4 overflow-x-auto">
        <Segments label="Which" value={shown} onChange={setShown} options={FILTERS} />
      </div>
      {deliveries === undefined ? (
        query.isError ? (
          <ErrorState error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Skeleton className="w-64" />
        )
      ) : deliveries.length === 0 ? (
        <p className="py-8 text-center text-faint">
          {shown === 'all' ? 'Nothing has happened yet that it is told.' : 'None of these.'}
        </p>
      ) : (
        <ul aria-label="Deliveries" className="divide-y divide-line rounded-lg border border-line">
          {deliveries.map((delivery) => (
            <Message key={delivery.id} webhook={webhook} delivery={delivery} />
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <div className="mt-3 flex justify-center">
          <Button variant="ghost" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Drawer>
  )
}

function Message({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const retry = useRetryDelivery(webhook.id)
  const { tone, name } = STATES[delivery.state]
  return (
    <li>
      <Disclosure
        summary={
          <>
            <code className="min-w-0 flex-1 truncate font-mono text-xs">{delivery.event_type}</code>
            <Status tone={tone}>{name}</Status>
            <span className="w-28 text-right text-xs text-faint">
              <Time at={delivery.created_at} />
            </span>
          </>
        }
        summaryClassName="px-3 py-2.5 hover:bg-hover"
      >
        <div className="space-y-3 border-t border-line bg-sunken px-3 py-3">
          <div className="flex flex-wrap items-center justify-between gap-2">
            <p className="text-soft">
              {delivery.attempts.length === 0 ? 'Not sent yet.' : plural(delivery.attempts.length, 'attempt')}
              {delivery.next_attempt_at !== null && (
                <>
                  {' '}
                  Next: <Time at={delivery.next_attempt_at} />
                </>
              )}
            </p>
            {delivery.state !== 'delivered' && (
              <Button
                size="sm"
                busy={retry.isPending}
                onClick={() =>
                  retry.mutate(delivery.id, {
                    onSuccess: () => say('It is sent again now.'),
                    onError: sayProblem,
                  })
                }
              >
                <RotateCw aria-hidden /> Send now
              </Button>
            )}
          </div>
          {delivery.attempts.length > 0 && (
            <ol className="space-y-1 text-xs">
              {delivery.attempts.map((attempt) => (
                <li key={attempt.at} className="flex flex-wrap gap-x-3">
                  <span className="text-faint">
                    <Time at={attempt.at} />
                  </span>
                  <span className={attempt.error === null ? 'text-good' : 'text-bad'}>
                    {attempt.status ?? 'No answer'}
                    {attempt.error !== null && `: ${attempt.error}`}
                  </span>
                  <span className="ml-auto text-faint">
                    <Figure value={milliseconds(attempt.duration_ms)} />
                  </span>
                </li>
              ))}
            </ol>
          )}
          <CodeBlock
            code={JSON.stringify(delivery.payload, null, 2)}
            language="json"
            label={`Message ${delivery.event_type}`}
          />
        </div>
      </Disclosure>
    </li>
  )
}

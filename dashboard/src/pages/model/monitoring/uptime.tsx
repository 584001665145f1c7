import { useQuery } from '@tanstack/react-query'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { Figure } from '@/components/values'
import { UptimeBars } from '@/components/uptime-bars'
import { Segments } from '@/design/tabs'
import { milliseconds, percentage, plural } from '@/format/number'
import { Incidents } from '@/pages/models/status/incidents'
import { statisticsOptions, uptimeOptions, type Model } from '../queries'
import { RANGE_OPTIONS, type Range } from '../search'

interface UptimeProps {
  model: Model
  probeId: string
  range: Range
  onRange: (range: Range) => void
}

export function Uptime({ model, probeId, range, onRange }: UptimeProps) {
  const query = useQuery(uptimeOptions(model.id, range))
  const uptime = query.data?.uptime
  if (query.isError && query.data === undefined) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  return (
    <Panel
      title="Uptime"
      description={
        uptime === undefined ? (
          <Skeleton className="mt-2 w-40" />
        ) : uptime.uptime_percentage === null ? (
          'It was not checked in this time.'
        ) : (
          `${percentage(uptime.uptime_percentage).shown} of ${plural(uptime.runs, 'check')}.`
        )
      }
      actions={<Segments label="Time range" value={range} onChange={onRange} options={RANGE_OPTIONS} />}
    >
      <div className="h-8">
        {uptime !== undefined && (
          <UptimeBars
            label={model.alias}
            buckets={uptime.buckets}
            seconds={query.data?.bucket_seconds ?? 0}
            uptime={uptime.uptime_percentage}
          />
        )}
      </div>
      <Times probeId={probeId} range={range} />
      {uptime !== undefined && (
        <div className="mt-4">
          <Incidents incidents={uptime.incidents} />
        </div>
      )}
    </Panel>
  )
}

/** How long those took that were answered. */
function Times({ probeId, range }: { probeId: string; range: Range }) {
  const { data } = useQuery(statisticsOptions(probeId, range))
  const times = [
    ['Fastest', data?.min_response_time_ms],
    ['Median', data?.p50_response_time_ms],
    ['95% within', data?.p95_response_time_ms],
    ['Slowest', data?.max_response_time_ms],
  ] as const
  return (
    <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-2 sm:flex">
      {times.map(([name, value]) => (
        <div key={name} className="flex items-baseline gap-2">
          <dt className="text-faint">{name}</dt>
          <dd className="tabular-nums">{value == null ? '—' : <Figure value={milliseconds(value)} />}</dd>
        </div>
      ))}
    </dl>
  )
}

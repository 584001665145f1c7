import { useQuery } from '@tanstack/react-query'
import { ErrorState } from '@/components/page'
import { Panel } from '@/components/panel'
import { UptimeBars } from '@/components/uptime-bars'
import { Segments } from '@/design/tabs'
import { percentage, plural } from '@/format/number'
import { Incidents } from '@/pages/models/status/incidents'
import { uptimeOptions, type Model } from '../queries'
import { RANGE_OPTIONS, type Range } from '../search'

interface UptimeProps {
  model: Model
  range: Range
  onRange: (range: Range) => void
}

export function Uptime({ model, range, onRange }: UptimeProps) {
  const query = useQuery(uptimeOptions(model.id, range))
  const uptime = query.data?.uptime
  if (query.isError && query.data === undefined) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  return (
    <Panel
      title="Uptime"
      description={
        uptime === undefined
          ? 'Loading…'
          : uptime.uptime_percentage === null
            ? 'It was not checked in this time.'
            : `${percentage(uptime.uptime_percentage).shown} of ${plural(uptime.runs, 'check')}.`
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
      {uptime !== undefined && (
        <div className="mt-4">
          <Incidents incidents={uptime.incidents} />
        </div>
      )}
    </Panel>
  )
}

/** Runs of probes that failed in a row. */
import type { Schema } from '@/api/client'
import { Badge } from '@/components/badge'
import { Time } from '@/components/values'
import { plural } from '@/format/number'
import { lasted } from './lasted'

type Incident = Schema['Incident'] & { alias?: string }

const SHOWN = 10

/** The latest of them. */
export function Incidents({ incidents }: { incidents: readonly Incident[] }) {
  if (incidents.length === 0) return <p className="text-faint">No incidents in this time.</p>
  return (
    <ul className="divide-y divide-line" aria-label="Incidents">
      {incidents.slice(0, SHOWN).map((incident) => (
        <li
          key={`${incident.alias ?? ''} ${incident.start}`}
          className="flex flex-wrap items-baseline gap-x-3 gap-y-1 py-2"
        >
          <Badge tone={incident.end === null ? 'bad' : 'neutral'}>
            {incident.end === null ? 'Down' : 'Over'}
          </Badge>
          {incident.alias !== undefined && <span className="font-medium">{incident.alias}</span>}
          <span className="text-soft">
            <Time at={incident.start} />
            {incident.end === null
              ? `, ${plural(incident.failed_runs, 'failure')} in a row`
              : `, for ${lasted(incident.start, incident.end)}`}
          </span>
          {incident.error_message !== null && (
            <span
              className="min-w-0 basis-full truncate text-xs text-faint sm:ml-auto sm:max-w-md sm:basis-auto"
              title={incident.error_message}
            >
              {incident.error_message}
            </span>
          )}
        </li>
      ))}
      {incidents.length > SHOWN && (
        <li className="py-2 text-xs text-faint">and {plural(incidents.length - SHOWN, 'earlier one')}</li>
      )}
    </ul>
  )
}

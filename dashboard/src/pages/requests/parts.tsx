/** What a request looks like, in a row and in its detail. */
import { Badge, type Tone } from '@/components/badge'
import { Tooltip } from '@/design/menu'
import { exactTime, logTime } from '@/format/time'

export const unknown = <span className="text-faint">—</span>

/** The status of the answer; where there was none, what came of the request. */
export function StatusBadge({
  status,
  outcome,
}: {
  status: number | null | undefined
  outcome: string | null | undefined
}) {
  if (status == null) return <Badge tone="bad">{outcome ?? 'no status'}</Badge>
  return (
    <span className="inline-flex items-center gap-1">
      <Badge tone={toneOf(status)}>{status}</Badge>
      {outcome === 'cancelled' && <Badge tone="warn">cancelled</Badge>}
      {outcome === 'failed' && status < 400 && <Badge tone="bad">broke off</Badge>}
    </span>
  )
}

function toneOf(status: number): Tone {
  if (status >= 500) return 'bad'
  if (status >= 400) return 'warn'
  return 'good'
}

/** To the second, as a log has it. */
export function LogTime({ at }: { at: string }) {
  const moment = Date.parse(at)
  return (
    <Tooltip label={exactTime(moment)}>
      <time dateTime={at} className="text-soft tabular-nums">
        {logTime(moment)}
      </time>
    </Tooltip>
  )
}

/** What a model looks like, in a row and on a card. */
import { Badge, Status } from '@/components/badge'
import { Figure } from '@/components/values'
import { Tooltip } from '@/design/menu'
import { percentage, pricePerMillion } from '@/format/number'
import { price, TYPES, type Model } from './queries'

export function TypeBadge({ model }: { model: Model }) {
  return (
    <Badge>{model.is_composite === true ? 'Composite' : (TYPES[model.model_type ?? ''] ?? 'Other')}</Badge>
  )
}

/** Who hosts it, as far as the person may know. */
export function providerOf(model: Model): string | undefined {
  const provider: unknown = model.metadata?.provider
  return typeof provider === 'string' ? provider : model.endpoint?.name
}

export function HealthStatus({ model }: { model: Model }) {
  const status = model.status
  if (status?.probe_id == null) return <Status tone="neutral">Not watched</Status>
  if (!status.active) return <Status tone="neutral">Paused</Status>
  if (status.last_success === null) return <Status tone="neutral">Not yet checked</Status>
  const uptime = status.uptime_percentage
  const word = status.last_success ? 'Up' : 'Down'
  return (
    <Status tone={status.last_success ? 'good' : 'bad'}>
      {uptime === null ? (
        word
      ) : (
        <Tooltip label={`${percentage(uptime).shown} of the checks of the last 24 hours`}>
          <span>
            {word} <span className="text-faint tabular-nums">{percentage(uptime).shown}</span>
          </span>
        </Tooltip>
      )}
    </Status>
  )
}

export function Price({ model }: { model: Model }) {
  const asked = price(model)
  if (asked === undefined) return <span className="text-faint">Free</span>
  return (
    <span className="text-soft">
      <Figure value={pricePerMillion(asked.input)} />
      <span className="text-faint"> / </span>
      <Figure value={pricePerMillion(asked.output)} />
    </span>
  )
}

export function GroupBadges({ model }: { model: Model }) {
  const groups = model.groups ?? []
  if (groups.length === 0) return <span className="text-faint">Nobody</span>
  const [first, ...others] = groups
  return (
    <span className="inline-flex items-center gap-1">
      <Badge className="max-w-32 truncate">{first?.name}</Badge>
      {others.length > 0 && (
        <Tooltip label={others.map((group) => group.name).join(', ')}>
          <span>
            <Badge>+{others.length}</Badge>
          </span>
        </Tooltip>
      )}
    </span>
  )
}

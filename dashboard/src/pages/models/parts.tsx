/** What a model looks like, in a row and on a card. */
import { Box, Layers } from 'lucide-react'
import { Badge, Status } from '@/components/badge'
import { Sparkline } from '@/components/chart'
import { ProviderMark } from '@/components/provider-mark'
import { Figure } from '@/components/values'
import { cn } from '@/design/class-names'
import { Tooltip } from '@/design/menu'
import { percentage, plural, pricePerMillion } from '@/format/number'
import { lastDay, price, TYPES, type Model } from './queries'

export function TypeBadge({ model }: { model: Model }) {
  const type = TYPES[model.model_type ?? ''] ?? 'Other'
  if (model.is_composite !== true) return <Badge>{type}</Badge>
  return (
    <Tooltip label="A composite model: several deployments answer for it">
      <span>
        <Badge>
          <Layers className="size-3" aria-hidden />
          {type}
          <span className="sr-only">, composite</span>
        </Badge>
      </span>
    </Tooltip>
  )
}

interface ModelMarkProps {
  model: Pick<Model, 'is_composite' | 'metadata' | 'endpoint'>
  small?: boolean
}

/** The mark of its provider; one of our own where there are several, or nobody may know. */
export function ModelMark({ model, small = false }: ModelMarkProps) {
  const provider = providerOf(model)
  if (model.is_composite !== true && provider !== undefined) {
    return <ProviderMark name={provider} url={model.endpoint?.url} small={small} />
  }
  const Icon = model.is_composite === true ? Layers : Box
  return (
    <span
      aria-hidden
      className={cn(
        'inline-flex shrink-0 items-center justify-center bg-sunken text-faint ring-1 ring-line ring-inset',
        small ? 'size-5 rounded-sm [&_svg]:size-3' : 'size-7 rounded-md [&_svg]:size-4',
      )}
    >
      <Icon />
    </span>
  )
}

/** Who hosts it, as far as the person may know. */
export function providerOf(model: Pick<Model, 'metadata' | 'endpoint'>): string | undefined {
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

/** Its requests of the last day, hour by hour. */
export function DayLine({ model }: { model: Model }) {
  const hours = lastDay(model, Date.now())
  const total = hours.reduce((sum, hour) => sum + hour, 0)
  return <Sparkline values={hours} label={`${plural(total, 'request')} in the last 24 hours`} />
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

/** In a place that does not say what the price is for. */
export function WholePrice({ model }: { model: Model }) {
  return (
    <>
      <Price model={model} />
      {price(model) !== undefined && <span className="text-faint"> per 1M tokens</span>}
    </>
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

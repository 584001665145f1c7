/** What is known of a model, as far as the person may know it. */
import type { ReactNode } from 'react'
import { Badge } from '@/components/badge'
import { DetailList } from '@/components/detail-list'
import { Panel } from '@/components/panel'
import { Figure, Time } from '@/components/values'
import { count } from '@/format/number'
import { spaced } from '@/format/word'
import { GroupBadges, HealthStatus, providerOf, TypeBadge, WholePrice } from '@/pages/models/parts'
import type { Model } from '../queries'

type Fact = readonly [name: string, value: ReactNode]

export function Facts({ model }: { model: Model }) {
  const { capabilities, endpoints, ...known } = model.abilities ?? {}
  const facts: (Fact | false)[] = [
    [
      'Alias',
      <code key="alias" className="font-mono text-xs break-all">
        {model.alias}
      </code>,
    ],
    model.is_composite !== true && [
      'Provider’s name',
      <code key="name" className="font-mono text-xs break-all">
        {model.model_name}
      </code>,
    ],
    providerOf(model) !== undefined && ['Provider', providerOf(model)],
    ['Type', <TypeBadge key="type" model={model} />],
    capabilities != null &&
      capabilities.length > 0 && [
        'Capabilities',
        <span key="capabilities" className="flex flex-wrap justify-end gap-1">
          {capabilities.map((capability) => (
            <Badge key={capability}>{spaced(capability)}</Badge>
          ))}
        </span>,
      ],
    known.input_modalities != null && ['Reads', known.input_modalities.map(spaced).join(', ')],
    known.output_modalities != null && ['Gives', known.output_modalities.map(spaced).join(', ')],
    endpoints != null && [
      'Asked at',
      <span key="paths" className="flex flex-col items-end font-mono text-xs">
        {endpoints.map((path) => (
          <code key={path}>{path}</code>
        ))}
      </span>,
    ],
    known.context_window != null && [
      'Context window',
      <span key="context">
        <Figure value={count(known.context_window)} /> tokens
      </span>,
    ],
    known.max_output_tokens != null && [
      'Longest answer',
      <span key="output">
        <Figure value={count(known.max_output_tokens)} /> tokens
      </span>,
    ],
    ['Status', <HealthStatus key="status" model={model} />],
    [
      'Price in / out',
      <span key="price">
        <WholePrice model={model} />
      </span>,
    ],
    model.groups != null && ['Granted to', <GroupBadges key="groups" model={model} />],
    model.metrics != null && ['Last used', <Time key="used" at={model.metrics.last_active_at} />],
    ['Created', <Time key="created" at={model.created_at} />],
    ['Changed', <Time key="changed" at={model.updated_at} />],
  ]
  const shown = facts.filter((fact): fact is Fact => fact !== false)
  const half = Math.ceil(shown.length / 2)
  return (
    <Panel title="About" description={model.description === '' ? undefined : model.description}>
      <div className="grid gap-x-12 lg:grid-cols-2">
        <DetailList entries={shown.slice(0, half)} />
        <DetailList entries={shown.slice(half)} />
      </div>
    </Panel>
  )
}

import type { ReactNode } from 'react'
import { Badge } from '@/components/badge'
import { CopyButton } from '@/components/code-block'
import { DetailList } from '@/components/detail-list'
import { Figure, Time } from '@/components/values'
import { count, milliseconds, money, pricePerMillion } from '@/format/number'
import { exactTime } from '@/format/time'
import { messageOf } from '../contents'
import { unknown } from '../parts'
import type { Detail } from '../queries'
import { Timeline } from './timeline'

type Entries = Parameters<typeof DetailList>[0]['entries']
type Tokens = NonNullable<Detail['tokens']>

export function Overview({ request }: { request: Detail }) {
  return (
    <div className="grid gap-6">
      {request.error !== null && <WhatWentWrong request={request} error={request.error} />}
      <Section title="Timeline">
        <Timeline request={request} />
      </Section>
      <Section title="Request">
        <DetailList entries={whoAndWhat(request)} />
      </Section>
      <Section title="Tokens and cost">
        <DetailList entries={[...tokens(request.tokens), ...costs(request)]} />
      </Section>
      <Section title="Identifiers">
        <DetailList entries={identifiers(request)} />
      </Section>
    </div>
  )
}

/** With what the client was told, where that is kept. */
function WhatWentWrong({ request, error }: { request: Detail; error: string }) {
  const message = messageOf(request)
  return (
    <div role="alert" className="rounded-md bg-bad-well px-3 py-2 text-bad">
      <p>
        {request.outcome === 'completed' ? 'The answer was an error: ' : 'It failed: '}
        <code className="font-mono text-xs">{error}</code>
      </p>
      {message !== undefined && <p className="mt-1 break-words text-ink">{message}</p>}
    </div>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1 font-medium">{title}</h3>
      {children}
    </section>
  )
}

function whoAndWhat(request: Detail): Entries {
  return [
    ['Let in', exactTime(Date.parse(request.timestamp))],
    ['User', request.user.name ?? 'Deleted'],
    ['Key', request.key.name ?? 'Deleted'],
    ...known('Asked for', request.asked_model),
    ...known('Key for', request.purpose),
    ['Streamed', request.stream ? 'Yes' : 'No'],
    ...known('Finish reason', request.finish_reason),
    ['First byte', duration(request.first_byte_ms)],
    ['Time taken', duration(request.duration_ms)],
    ...known('Kept answers', request.cache),
    ['Sent', bytes(request.request_bytes)],
    ['Answered', bytes(request.response_bytes)],
    ...known('Client', request.user_agent),
  ]
}

const KINDS: readonly (readonly [name: string, of: (tokens: Tokens) => number | null])[] = [
  ['of these cached by the provider', (tokens) => tokens.cached_input],
  ['of these written to its cache', (tokens) => tokens.cache_write],
  ['of these written for an hour', (tokens) => tokens.cache_write_1h],
  ['of these audio', (tokens) => tokens.audio_input],
  ['of these images', (tokens) => tokens.image_input],
]
const SAID: typeof KINDS = [
  ['of these reasoning', (tokens) => tokens.reasoning],
  ['of these audio', (tokens) => tokens.audio_output],
  ['of these images', (tokens) => tokens.image_output],
]

const COUNTED_BY: Record<string, string> = {
  provider: 'The provider',
  estimate: 'Us, as an estimate',
  none: 'Nobody: there was nothing to count',
}

function tokens(counted: Detail['tokens']): Entries {
  if (counted === null) return []
  const parts = (kinds: typeof KINDS, key: string): Entries =>
    kinds.flatMap(([name, of]) => {
      const value = of(counted)
      return value === null || value === 0 ? [] : [[`${key}, ${name}`, number(value)] as const]
    })
  return [
    ['Tokens in', number(counted.input)],
    ...parts(KINDS, 'In'),
    ['Tokens out', number(counted.output)],
    ...parts(SAID, 'Out'),
    ['Counted by', COUNTED_BY[counted.source] ?? counted.source],
  ]
}

function costs(request: Detail): Entries {
  const { input_price_per_token: input, output_price_per_token: output } = request
  return [
    ['Cost', amount(request.cost)],
    ...(input === null || output === null
      ? []
      : [
          [
            'In / out per 1M tokens',
            <span key="price">
              <Figure value={pricePerMillion(input)} /> / <Figure value={pricePerMillion(output)} />
            </span>,
          ] as const,
        ]),
    ...known('Tariff', request.tariff?.name),
    ...(request.wasted_cost === null
      ? []
      : [['Wasted by failed attempts', amount(request.wasted_cost)] as const]),
    ...(request.saved_cost === null ? [] : [['Saved by a kept answer', amount(request.saved_cost)] as const]),
    ...(request.budgets.length === 0
      ? []
      : [
          [
            'Counts in',
            <span key="budgets" className="flex flex-wrap justify-end gap-1">
              {request.budgets.map(({ id, name, window }) => (
                <Badge key={id}>
                  {name ?? 'Deleted'} since <Time at={window} />
                </Badge>
              ))}
            </span>,
          ] as const,
        ]),
  ]
}

function identifiers(request: Detail): Entries {
  const ids = [
    ['Request', request.id],
    ['In the log', request.log_id === null ? null : String(request.log_id)],
    ['Caller’s own', request.client_request_id],
    ['Provider’s', request.provider_request_id],
    ['User', request.user.id],
    ['Key', request.key.id],
    ['Model', request.model_id],
    ['Batch', request.batch_id],
    ['In the batch', request.custom_id],
  ] as const
  return ids.flatMap(([name, id]) => (id === null ? [] : [[name, <Id key={name} id={id} />] as const]))
}

function Id({ id }: { id: string }) {
  return (
    <span className="inline-flex items-center gap-2">
      <code className="font-mono text-xs break-all">{id}</code>
      <CopyButton text={id} />
    </span>
  )
}

function known(name: string, value: string | null | undefined): Entries {
  return value == null ? [] : [[name, value]]
}

function duration(value: number | null) {
  return value === null ? unknown : <Figure value={milliseconds(value)} />
}

function number(value: number | null) {
  return value === null ? unknown : <Figure value={count(value)} />
}

function amount(value: string | null) {
  return value === null ? unknown : <Figure value={money(value)} />
}

function bytes(value: number | null) {
  if (value === null) return unknown
  const { exact } = count(value)
  const shown = value < 1024 ? `${exact} B` : `${(value / 1024).toFixed(value < 10_240 ? 1 : 0)} KiB`
  return <Figure value={{ shown, exact: `${exact} bytes` }} />
}

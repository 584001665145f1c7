/** What webhooks can be told, by the API's names. */
import type { Webhook } from './queries'

type Scope = Webhook['scope']

export const SCOPES: readonly { value: Scope; label: string }[] = [
  { value: 'own', label: 'My account' },
  { value: 'platform', label: 'The whole platform' },
]

export const EVENTS: Record<Scope, readonly { type: string; tells: string }[]> = {
  own: [
    { type: 'batch.completed', tells: 'A batch of yours is done.' },
    { type: 'batch.failed', tells: 'A batch of yours has failed.' },
    { type: 'balance.low', tells: 'Your balance fell below your threshold.' },
    { type: 'budget.threshold_reached', tells: 'A part of a budget of yours is spent.' },
  ],
  platform: [
    { type: 'user.created', tells: 'Somebody has a new account.' },
    { type: 'api_key.created', tells: 'Somebody made a key.' },
    { type: 'batch.created', tells: 'Somebody began a batch.' },
    { type: 'alert.raised', tells: 'Something needs looking at.' },
    { type: 'alert.resolved', tells: 'It is over.' },
  ],
}

export interface WebhookValues {
  url: string
  description: string
  scope: Scope
  /** Those of the scope that are wanted; all of them is also what later releases add. */
  events: string[]
}

export function valuesOf(webhook: Webhook | undefined): WebhookValues {
  const scope = webhook?.scope ?? 'own'
  return {
    url: webhook?.url ?? '',
    description: webhook?.description ?? '',
    scope,
    events: webhook?.event_types ?? namesOf(scope),
  }
}

export function namesOf(scope: Scope): string[] {
  return EVENTS[scope].map(({ type }) => type)
}

/** What the form says, as the API wants it. */
export function asNewWebhook({ url, description, scope, events }: WebhookValues) {
  const all = events.length === EVENTS[scope].length
  return {
    url: url.trim(),
    scope,
    ...(description.trim() === '' ? {} : { description: description.trim() }),
    ...(all ? {} : { event_types: events }),
  }
}

/** A list of events cannot be taken away again, so all of them are named where some were. */
export function asChanges(before: Webhook, { url, description, scope, events }: WebhookValues) {
  const all = events.length === EVENTS[scope].length
  return {
    url: url.trim(),
    description: description.trim(),
    ...(all && before.event_types == null ? {} : { event_types: events }),
  }
}

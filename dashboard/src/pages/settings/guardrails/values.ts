/** A guardrail as its form has it, and as the API wants it. Pure. */
import { asText, numberOrNull } from '@/components/number-text'
import type { Guardrail, GuardrailChanges, NewGuardrail } from './queries'

export type GuardrailKind = Guardrail['kind']
export type Stage = Guardrail['stage']

export const KINDS: readonly { value: GuardrailKind; label: string; does: string }[] = [
  { value: 'deny_pattern', label: 'Block a pattern', does: 'Blocks what the pattern is found in.' },
  { value: 'allow_pattern', label: 'Demand a pattern', does: 'Blocks what the pattern is not found in.' },
  { value: 'redact', label: 'Redact', does: 'Replaces what the pattern finds.' },
  { value: 'external', label: 'Ask a service', does: 'Asks an address, which allows, denies or redacts.' },
]

export const STAGES: readonly { value: Stage; label: string }[] = [
  { value: 'request', label: 'Requests' },
  { value: 'answer', label: 'Answers' },
  { value: 'both', label: 'Both' },
]

export const FAILS = [
  { value: 'closed', label: 'Block' },
  { value: 'open', label: 'Let pass' },
] as const

export interface GuardrailValues {
  name: string
  kind: GuardrailKind
  stage: Stage
  pattern: string
  replacement: string
  url: string
  secret: string
  /** Of a guardrail that has one. */
  remove_secret: boolean
  timeout_ms: string
  fail: 'open' | 'closed'
  whole_stream: boolean
  window_characters: string
  models: string[]
  groups: string[]
}

export function valuesOf(guardrail: Guardrail | undefined): GuardrailValues {
  return {
    name: guardrail?.name ?? '',
    kind: guardrail?.kind ?? 'deny_pattern',
    stage: guardrail?.stage ?? 'request',
    pattern: guardrail?.pattern ?? '',
    replacement: guardrail?.replacement ?? '',
    url: guardrail?.url ?? '',
    secret: '',
    remove_secret: false,
    timeout_ms: asText(guardrail?.timeout_ms ?? 2000),
    fail: guardrail?.fail ?? 'closed',
    whole_stream: guardrail?.whole_stream ?? false,
    window_characters: asText(guardrail?.window_characters),
    models: guardrail?.models ?? [],
    groups: guardrail?.groups ?? [],
  }
}

export function asNewGuardrail(values: GuardrailValues): NewGuardrail {
  const { replacement, ...rest } = common(values)
  return {
    ...rest,
    ...(replacement === undefined || replacement === '' ? {} : { replacement }),
    name: values.name.trim(),
    kind: values.kind,
    enabled: true,
    whole_stream: values.kind === 'external' && values.whole_stream,
  }
}

/** A secret that is left empty keeps the stored one, unless that is to be forgotten. */
export function asChanges(values: GuardrailValues): GuardrailChanges {
  const forgets = values.kind === 'external' && values.remove_secret
  return {
    ...common(forgets ? { ...values, secret: '' } : values),
    name: values.name.trim(),
    ...(values.kind === 'external' ? { whole_stream: values.whole_stream } : {}),
    ...(forgets ? { remove_secret: true } : {}),
  }
}

function common(values: GuardrailValues) {
  const { kind } = values
  return {
    stage: values.stage,
    models: values.models.length === 0 ? null : values.models,
    groups: values.groups.length === 0 ? null : values.groups,
    ...(kind === 'allow_pattern' ? {} : { window_characters: numberOrNull(values.window_characters) }),
    ...(kind === 'redact' ? { replacement: values.replacement } : {}),
    ...(kind === 'external'
      ? {
          url: values.url.trim(),
          timeout_ms: Number(values.timeout_ms),
          fail: values.fail,
          ...(values.secret.trim() === '' ? {} : { secret: values.secret.trim() }),
        }
      : { pattern: values.pattern }),
  }
}

/** What efforts of reasoning are sent as to a model's provider, as the form holds it. Pure. */
import type { Schema } from '@/api/client'
import type { ModelChanges } from '../changes'
import type { Model } from '../queries'

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export type Effort = (typeof EFFORTS)[number]

export const SURFACES = [
  { surface: 'chat_completions', label: 'Chat completions', place: '/reasoning_effort' },
  { surface: 'responses', label: 'Responses', place: '/reasoning/effort' },
] as const
export type Surface = (typeof SURFACES)[number]['surface']

export const MODES = [
  { value: 'inherit', label: 'As its endpoint says' },
  { value: 'disabled', label: 'As the program says' },
  { value: 'override', label: 'As this table says' },
] as const

export interface Write {
  /** A JSON pointer into what the provider gets. */
  target_path: string
  /** What stands there; JSON, or else plain text. */
  values: Record<Effort, string>
}

export interface Translation {
  mode: (typeof MODES)[number]['value']
  taken: Record<Effort, boolean>
  writes: Write[]
}

export type Reasoning = Record<Surface, Translation>

export function reasoningOf(model: Model): Reasoning {
  const overrides = (model.reasoning_translation_overrides ?? {}) as Schema['Overrides']
  const read = ({ surface, place }: (typeof SURFACES)[number]) =>
    translationOf(overrides[surface] ?? undefined, place)
  return { chat_completions: read(SURFACES[0]), responses: read(SURFACES[1]) }
}

function translationOf(override: Schema['Override'] | undefined, place: string): Translation {
  const translation = override?.translation
  if (translation == null) return { ...usual(place), mode: override?.mode ?? 'inherit' }
  const unsupported = new Set<string>(translation.unsupported_efforts)
  return {
    mode: 'override',
    taken: ofEach((effort) => !unsupported.has(effort)),
    writes: (translation.writes ?? []).map(({ target_path, values }) => ({
      target_path,
      values: ofEach((effort) => (effort in values ? asText(values[effort]) : '')),
    })),
  }
}

/** Where one begins: the efforts that most models take, by their own names. */
function usual(place: string): Omit<Translation, 'mode'> {
  return {
    taken: ofEach((effort) => ['low', 'medium', 'high'].includes(effort)),
    writes: [newWrite(place)],
  }
}

export function newWrite(target_path: string): Write {
  return { target_path, values: ofEach((effort) => effort) }
}

export function reasoningChanges(values: Reasoning): ModelChanges {
  return {
    reasoning_translation_overrides: {
      chat_completions: overrideOf(values.chat_completions),
      responses: overrideOf(values.responses),
    },
  }
}

function overrideOf({ mode, taken, writes }: Translation): Schema['Override'] {
  if (mode !== 'override') return { mode }
  const supported = EFFORTS.filter((effort) => taken[effort])
  return {
    mode,
    translation: {
      unsupported_efforts: EFFORTS.filter((effort) => !taken[effort]),
      writes: writes.map(({ target_path, values }) => ({
        target_path: target_path.trim(),
        values: Object.fromEntries(supported.map((effort) => [effort, asValue(values[effort])])),
      })),
    },
  }
}

/** `1024`, `true` and `{"type": "enabled"}` are JSON; `low` is a text, and so is `"1024"`. */
export function asValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text.trim()
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' && asValue(value) === value ? value : JSON.stringify(value)
}

export function pointer(text: string): true | string {
  return /^\/./.test(text.trim()) || 'It begins with a slash: /reasoning/effort.'
}

function ofEach<Value>(value: (effort: Effort) => Value): Record<Effort, Value> {
  return Object.fromEntries(EFFORTS.map((effort) => [effort, value(effort)])) as Record<Effort, Value>
}

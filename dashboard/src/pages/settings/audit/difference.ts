/** What an entry of the audit log changed, field by field. Pure. */
import type { Entry } from './queries'

export interface FieldChange {
  field: string
  /** `undefined`: there was nothing. */
  before: string | undefined
  after: string | undefined
}

type Values = Record<string, unknown>

/** Of an update the fields that changed; of what was made or deleted all that it had: null says nothing there. */
export function difference({ before, after }: Pick<Entry, 'before' | 'after'>): FieldChange[] {
  const [old, fresh]: [Values, Values] = [before ?? {}, after ?? {}]
  const fields = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort()
  const whole = before === null || after === null
  return fields
    .filter((field) => !whole || (old[field] ?? fresh[field] ?? null) !== null)
    .map((field) => ({ field, before: shown(old, field), after: shown(fresh, field) }))
    .filter((change) => change.before !== change.after)
}

function shown(values: Values, field: string): string | undefined {
  if (!(field in values)) return undefined
  const value = values[field]
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

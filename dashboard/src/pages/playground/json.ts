/** Looking into JSON of which nothing is known yet. */

export type JsonRecord = Record<string, unknown>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `undefined` for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function recordIn(record: JsonRecord, name: string): JsonRecord | undefined {
  const value = record[name]
  return isRecord(value) ? value : undefined
}

export function recordsIn(record: JsonRecord, name: string): JsonRecord[] {
  const value = record[name]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

export function stringIn(record: JsonRecord, name: string): string | undefined {
  const value = record[name]
  return typeof value === 'string' ? value : undefined
}

export function numberIn(record: JsonRecord, name: string): number | undefined {
  const value = record[name]
  return typeof value === 'number' ? value : undefined
}

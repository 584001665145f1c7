import type { Schema } from '@/api/client'

export type State = 'up' | 'down' | 'paused' | 'unknown'

/** Whether it answers, as its last check says: one that failed is an incident that has not ended. */
export function stateOf(model: Pick<Schema['ModelUptime'], 'active' | 'runs' | 'incidents'>): State {
  if (!model.active) return 'paused'
  if (model.runs === 0) return 'unknown'
  return model.incidents.some((incident) => incident.end === null) ? 'down' : 'up'
}

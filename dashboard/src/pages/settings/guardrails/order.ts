/** The order of guardrails, which is that of their positions. Pure. */
import type { Guardrail, IdentifiedChanges } from './queries'

type Placed = Pick<Guardrail, 'id' | 'position'>

/** What to change so that one stands a place further up or down. Positions may be equal, or have gaps. */
export function moved(guardrails: readonly Placed[], id: string, by: -1 | 1): IdentifiedChanges[] {
  const from = guardrails.findIndex((each) => each.id === id)
  const to = from + by
  const order = [...guardrails]
  const [one, other] = [order[from], order[to]]
  if (one === undefined || other === undefined) return []
  order[from] = other
  order[to] = one
  return order.flatMap((each, position) =>
    each.position === position ? [] : [{ id: each.id, changes: { position } }],
  )
}

import type { Figures } from '../queries'

const SYSTEM = '00000000-0000-0000-0000-000000000000'

/** Of a row by user. */
export function nameOf(row: Pick<Figures, 'user_id' | 'user_email'>): string {
  if (row.user_id === SYSTEM) return 'Probes'
  return row.user_email ?? 'A deleted user'
}

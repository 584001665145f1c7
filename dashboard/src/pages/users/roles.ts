/** Roles and ways in, as people call them. */
import type { Schema } from '@/api/client'

export type Role = Schema['Role']

interface RoleWords {
  role: Role
  name: string
  /** What it lets one do. */
  does: string
}

/** Those that can be given. Everybody is a standard user. */
export const ROLES: readonly RoleWords[] = [
  {
    role: 'PlatformManager',
    name: 'Administrator',
    does: 'Manages people, groups, models, providers and money. Reads no conversations.',
  },
  {
    role: 'RequestViewer',
    name: 'Request viewer',
    does: 'Reads the traffic and conversations of everybody.',
  },
  { role: 'BillingManager', name: 'Billing manager', does: 'Sees everybody, and gives and takes credit.' },
  { role: 'BatchAPIUser', name: 'Batches', does: 'Uploads files and runs batches.' },
  {
    role: 'BackgroundInferenceUser',
    name: 'Background requests',
    does: 'Has long requests answered in the background.',
  },
  { role: 'ConnectionsUser', name: 'Connections', does: 'Connects files and batches of other places.' },
]

export function roleName(role: string): string {
  return ROLES.find((each) => each.role === role)?.name ?? (role === 'StandardUser' ? 'Standard user' : role)
}

/** The roles worth saying: that of everybody is none of them. */
export function notableRoles(roles: readonly string[]): string[] {
  const known = ROLES.map(({ role }) => role as string).filter((role) => roles.includes(role))
  const unknown = roles.filter((role) => role !== 'StandardUser' && !known.includes(role))
  return [...known, ...unknown]
}

export const SOURCES: Record<string, string> = {
  native: 'Password',
  'proxy-header': 'Proxy',
  oidc: 'Single sign-on',
  scim: 'Directory (SCIM)',
  system: 'Configuration',
}

/** Where an account comes from, and so how the person signs in. */
export function sourceName(source: string): string {
  return SOURCES[source] ?? source
}

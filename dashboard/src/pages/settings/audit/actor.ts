/** Who did it, in words. Pure. */
const USER = 'user:'

/** The id of a person. */
export function idOfUser(actor: string): string | undefined {
  return actor.startsWith(USER) ? actor.slice(USER.length) : undefined
}

/** "The server (first start)", "postgres, in the database". */
export function actorWords(actor: string): string {
  const [kind = '', ...rest] = actor.split(':')
  const who = rest.join(':')
  if (kind === 'system') return `The server (${who.replaceAll('-', ' ')})`
  if (kind === 'database') return `${who}, in the database`
  if (kind === 'anonymous') return 'Nobody signed in'
  return kind === 'user' ? 'A deleted user' : actor
}

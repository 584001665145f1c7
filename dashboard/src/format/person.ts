/** People as people call them. */

interface Named {
  username: string
  display_name?: string | null
  email: string
}

export function nameOf({ display_name, username }: Pick<Named, 'display_name' | 'username'>): string {
  return display_name != null && display_name !== '' ? display_name : username
}

/** What tells people of one name apart. */
export function addressOf(person: Named): string | undefined {
  return person.email === nameOf(person) ? undefined : person.email
}

/** "Ada Lovelace" is AL, "grace@example.org" is g. */
export function initials(name: string): string {
  const words = (name.split('@')[0] ?? '').split(/[\s._-]+/).filter((word) => word !== '')
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words
  return ends.map((word) => Array.from(word ?? '')[0] ?? '').join('')
}

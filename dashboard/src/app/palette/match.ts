/** What of the palette's own entries is meant by the words that somebody types. Pure. */

export interface Entry {
  name: string
  /** Words that people look for it by. */
  keywords: readonly string[]
}

/** Those of which every word typed begins a word, those first whose name does; all, where nothing is typed. */
export function matching<Of extends Entry>(entries: readonly Of[], text: string): Of[] {
  const typed = words(text)
  if (typed.length === 0) return [...entries]
  return entries
    .filter(({ name, keywords }) => meets(typed, words([name, ...keywords].join(' '))))
    .sort((one, other) => rank(one, typed) - rank(other, typed))
}

/** Whether a name that the server found for another text is one for this text too. */
export function names(text: string, ...called: readonly (string | null | undefined)[]): boolean {
  const wanted = text.trim().toLowerCase()
  return called.some((name) => name?.toLowerCase().includes(wanted) === true)
}

function rank({ name }: Entry, typed: readonly string[]): number {
  return meets(typed, words(name)) ? 0 : 1
}

function meets(typed: readonly string[], having: readonly string[]): boolean {
  return typed.every((word) => having.some((each) => each.startsWith(word)))
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}

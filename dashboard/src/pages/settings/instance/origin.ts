/** Where a key of the configuration is set. Pure. */

export type Origins = Readonly<Record<string, string>>

/** Of the key, of what is around it, or of the first in it; `undefined` where its default holds. */
export function originOf(key: string, origins: Origins): string | undefined {
  const parts = key.split('.')
  for (let length = parts.length; length > 0; length -= 1) {
    const origin = origins[parts.slice(0, length).join('.')]
    if (origin !== undefined) return origin
  }
  const within = Object.keys(origins).find((each) => each.startsWith(`${key}.`))
  return within === undefined ? undefined : origins[within]
}

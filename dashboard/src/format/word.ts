/** The API's word for something as people write it: `structured_output`. */
export function spaced(word: string): string {
  return word.replaceAll('_', ' ')
}

/** Which requests the playground has a form for. Pure. */
import type { Detail } from './queries'

const FORMS = /\/(chat\/completions|completions|messages|responses|embeddings|rerank)\/?$/

/** Whether all of what it asked is kept, as JSON. */
export function isReplayable({ uri, bodies }: Detail): boolean {
  const asked = bodies?.request
  return asked?.kind === 'json' && !asked.truncated && FORMS.test(uri.split('?')[0] ?? '')
}

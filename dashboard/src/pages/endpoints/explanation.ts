/** Why a provider gave no list of models, for a person: what it is about, and what to do. The server's words stay. */
import { asProblem } from '@/api/problem'

export interface Explanation {
  title: string
  /** What the server found out. */
  found: string
  advice: string | undefined
  /** Where to mend it. */
  about: 'url' | 'api_key' | 'advanced' | undefined
  /** The models can be named by hand instead. */
  nameable: boolean
}

const KINDS: readonly (Omit<Explanation, 'found'> & { words: RegExp })[] = [
  {
    words: /It answers as|set dialect to/,
    title: 'Another API is spoken there',
    advice: 'Choose its dialect under Advanced.',
    about: 'advanced',
    nameable: false,
  },
  {
    words: /status 401|signature we calculated does not match|security token .* (invalid|expired)/,
    title: 'The provider refused the key',
    advice:
      'Copy it anew from the provider, whole. A key that was revoked or belongs to another region is refused too.',
    about: 'api_key',
    nameable: false,
  },
  {
    words: /status 403/,
    title: 'The key may not list models',
    advice: 'Give the key the right to list models at the provider, or name the models yourself.',
    about: 'api_key',
    nameable: true,
  },
  {
    words: /status 404|not with a list of models|no list of models/,
    title: 'There is no list of models at this address',
    advice: 'Some providers have none: then name the models yourself.',
    about: 'url',
    nameable: true,
  },
  {
    words: /does not say which models|empty list/,
    title: 'The provider lists no models',
    advice: 'Name the models yourself, as the provider calls them.',
    about: undefined,
    nameable: true,
  },
  {
    words: /status 429/,
    title: 'The provider asks us to slow down',
    advice: undefined,
    about: undefined,
    nameable: true,
  },
  {
    words: /TLS|certificate/,
    title: 'The connection is not trusted',
    advice: 'The authority of a provider of your own goes under Advanced.',
    about: 'advanced',
    nameable: false,
  },
  {
    words: /cannot be resolved/,
    title: 'Nobody knows this host name',
    advice: 'The gateway’s machine asks, not your browser: a name of your own network must be known there.',
    about: 'url',
    nameable: false,
  },
  {
    words: /refused the connection|cannot be reached|closed the connection|redirects/,
    title: 'The provider cannot be reached',
    advice: 'The gateway’s machine asks, not your browser: “localhost” is that machine.',
    about: 'url',
    nameable: false,
  },
  {
    words: /did not answer within/,
    title: 'The provider does not answer',
    advice: 'A firewall between the gateway and the provider looks like this.',
    about: 'url',
    nameable: true,
  },
]

export function explained(error: unknown): Explanation {
  const { message, unreachable, code } = asProblem(error)
  const kind = unreachable ? undefined : KINDS.find(({ words }) => words.test(message))
  if (kind !== undefined) {
    const { title, advice, about, nameable } = kind
    return { title, found: message, advice, about, nameable }
  }
  const ours = unreachable || code === 'unexpected'
  return {
    title: ours ? 'The test could not be made' : 'The connection does not work',
    found: message,
    advice: undefined,
    about: code === 'invalid_url' ? 'url' : undefined,
    nameable: !ours && code === 'provider_unreachable',
  }
}

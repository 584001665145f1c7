/** What went wrong in a word, and what to do about it. The gateway's own text stands in between. */
import type { ReplyProblem } from './conversation'

export interface Advice {
  title: string
  next: string | undefined
}

export function adviceOn({ status, code, retryAfterSeconds }: ReplyProblem): Advice {
  const later =
    retryAfterSeconds === undefined ? 'Try again in a moment.' : `Try again in ${retryAfterSeconds} s.`
  if (code === 'broken_off' || code === 'upstream_broken')
    return { title: 'The answer broke off', next: 'What came until then stands above. Try again.' }
  if (code === 'context_length_exceeded')
    return {
      title: 'The conversation is too long',
      next: 'Begin a new one, or choose a model with a larger context.',
    }
  switch (status) {
    case 0:
      return { title: 'The server does not answer', next: later }
    case 401:
      return { title: 'You are not signed in', next: 'Sign in, then try again.' }
    case 402:
      return { title: 'No credit is left', next: undefined }
    case 403:
      return { title: 'You may not call this model', next: 'Choose another model, or ask an administrator.' }
    case 404:
      return { title: 'There is no such model', next: 'Choose another model.' }
    case 413:
      return { title: 'The request is too large', next: 'Send fewer or smaller images.' }
    case 429:
      return { title: 'Too many requests', next: later }
  }
  if (status === 503) return { title: 'Not available', next: later }
  if (status >= 500) return { title: 'The provider failed', next: 'Try again, or choose another model.' }
  if (status >= 400) return { title: 'The request was refused', next: 'Change what it says, then try again.' }
  return { title: 'Something went wrong', next: 'Try again.' }
}

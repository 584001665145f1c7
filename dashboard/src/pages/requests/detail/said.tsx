/** What was said, in the form that suits what was asked for. */
import { contentsOf } from '../contents'
import { conversationOf } from '../conversation'
import type { Detail } from '../queries'
import { ContentsView } from './contents-view'
import { ConversationView } from './conversation-view'

const SWITCHED = 101

/** What the part of the detail is called. */
export function saidTitle({ uri }: Detail): string {
  return /\/(completions|messages|responses)(\?|$)/.test(uri) ? 'Conversation' : 'Contents'
}

export function Said({ request }: { request: Detail }) {
  const { bodies } = request
  if (bodies == null) return <NotKept request={request} />
  if (request.status_code === SWITCHED) {
    return (
      <p className="text-soft">
        This was a session over a WebSocket: what is said in one passes and is not kept. Overview has its
        length, its tokens and its cost.
      </p>
    )
  }
  const conversation = conversationOf(request.uri, bodies)
  if (conversation !== undefined) return <ConversationView conversation={conversation} bodies={bodies} />
  const contents = contentsOf(request)
  if (contents !== undefined) {
    return <ContentsView contents={contents} cut={bodies.request.truncated || bodies.response.truncated} />
  }
  return <p className="text-soft">This was no conversation. Raw has what was sent and answered.</p>
}

export function NotKept({ request }: { request: Detail }) {
  return (
    <p className="text-soft">
      {request.state === 'open'
        ? 'What is said can be read when the request has ended.'
        : 'What was said is not kept: keeping it is off, or off for this key or person, or it has been erased.'}
    </p>
  )
}

/** One request whole: what happened, what was said, and the very bytes. */
import { useQuery } from '@tanstack/react-query'
import { SquareTerminal } from 'lucide-react'
import { Status } from '@/components/badge'
import { CopyButton } from '@/components/code-block'
import { ErrorState, Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { conversationOf } from '../conversation'
import { StatusBadge } from '../parts'
import { requestOptions, type Detail } from '../queries'
import { ConversationView } from './conversation-view'
import { Overview } from './overview'
import { Raw } from './raw'

export function RequestDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(requestOptions(id))
  const request = query.data
  return (
    <Drawer
      open
      onClose={onClose}
      className="max-w-3xl"
      title={request === undefined ? 'Request' : <Title request={request} />}
      {...(request === undefined ? {} : { description: <What request={request} /> })}
      footer={request === undefined ? undefined : <Actions request={request} />}
    >
      {request !== undefined ? (
        <Content request={request} />
      ) : query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : (
        <div className="grid gap-4 pt-2">
          <Skeleton className="w-1/2" />
          <Skeleton className="h-24 w-full" />
          <Skeleton className="w-2/3" />
        </div>
      )}
    </Drawer>
  )
}

function Title({ request }: { request: Detail }) {
  return (
    <span className="flex flex-wrap items-center gap-2">
      <span className="truncate">{request.model}</span>
      {request.state === 'open' ? (
        <Status tone="note">Under way</Status>
      ) : (
        <StatusBadge status={request.status_code} outcome={request.outcome} />
      )}
    </span>
  )
}

function What({ request }: { request: Detail }) {
  return (
    <span className="font-mono text-xs break-all">
      {request.method} {request.uri}
    </span>
  )
}

function Content({ request }: { request: Detail }) {
  const conversation = request.bodies == null ? undefined : conversationOf(request.uri, request.bodies)
  return (
    <Tabs defaultValue="overview">
      <TabList aria-label="Parts of the request">
        <Tab value="overview">Overview</Tab>
        <Tab value="conversation">Conversation</Tab>
        <Tab value="raw">Raw</Tab>
      </TabList>
      <TabPanel value="overview" className="pt-4 outline-none">
        <Overview request={request} />
      </TabPanel>
      <TabPanel value="conversation" className="pt-4 outline-none">
        {request.bodies == null ? (
          <NotKept request={request} />
        ) : conversation === undefined ? (
          <p className="text-soft">This was no conversation. Raw has what was sent and answered.</p>
        ) : (
          <ConversationView conversation={conversation} bodies={request.bodies} />
        )}
      </TabPanel>
      <TabPanel value="raw" className="pt-4 outline-none">
        {request.bodies == null ? <NotKept request={request} /> : <Raw bodies={request.bodies} />}
      </TabPanel>
    </Tabs>
  )
}

function NotKept({ request }: { request: Detail }) {
  return (
    <p className="text-soft">
      {request.state === 'open'
        ? 'What is said can be read when the request has ended.'
        : 'What was said is not kept: keeping it is off, or off for this key or person, or it has been erased.'}
    </p>
  )
}

function Actions({ request }: { request: Detail }) {
  const conversation = request.bodies == null ? undefined : conversationOf(request.uri, request.bodies)
  return (
    <>
      <CopyButton text={request.id} label="Copy id" className="mr-auto" />
      <CopyButton text={`${window.location.origin}/requests?request=${request.id}`} label="Copy link" />
      {conversation !== undefined && (
        <Button size="sm" asChild>
          <a href={`/playground?request=${request.id}`}>
            <SquareTerminal aria-hidden /> Open in playground
          </a>
        </Button>
      )}
    </>
  )
}

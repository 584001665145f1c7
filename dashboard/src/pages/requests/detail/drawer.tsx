/** One request whole: what happened, what was said, and the very bytes. */
import { useQuery } from '@tanstack/react-query'
import { SquareTerminal } from 'lucide-react'
import { Status } from '@/components/badge'
import { CopyButton } from '@/components/code-block'
import { ErrorState, Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { useCan } from '@/session/session'
import { isReplayable } from '../replay'
import { StatusBadge } from '../parts'
import { requestOptions, type Detail } from '../queries'
import { Headers } from './headers'
import { Overview } from './overview'
import { Raw } from './raw'
import { NotKept, Said, saidTitle } from './said'

interface PartProps {
  /** Which part of it is shown; the overview where it is none. */
  part: string | undefined
  onPart: (part: string | undefined) => void
}

export function RequestDrawer({ id, onClose, ...part }: { id: string; onClose: () => void } & PartProps) {
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
        <Content request={request} {...part} />
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

const PARTS = ['overview', 'said', 'headers', 'raw'] as const

function Content({ request, part, onPart }: { request: Detail } & PartProps) {
  const { bodies } = request
  return (
    <Tabs
      value={PARTS.find((each) => each === part) ?? 'overview'}
      onValueChange={(next) => onPart(next === 'overview' ? undefined : next)}
    >
      <TabList aria-label="Parts of the request">
        <Tab value="overview">Overview</Tab>
        <Tab value="said">{saidTitle(request)}</Tab>
        <Tab value="headers">Headers</Tab>
        <Tab value="raw">Raw</Tab>
      </TabList>
      <TabPanel value="overview" className="pt-4 outline-none">
        <Overview request={request} />
      </TabPanel>
      <TabPanel value="said" className="pt-4 outline-none">
        <Said request={request} />
      </TabPanel>
      <TabPanel value="headers" className="pt-4 outline-none">
        {bodies == null ? <NotKept request={request} /> : <Headers headers={request.headers} />}
      </TabPanel>
      <TabPanel value="raw" className="pt-4 outline-none">
        {bodies == null ? <NotKept request={request} /> : <Raw bodies={bodies} />}
      </TabPanel>
    </Tabs>
  )
}

function Actions({ request }: { request: Detail }) {
  const can = useCan()
  return (
    <>
      <CopyButton text={request.id} label="Copy id" className="mr-auto" />
      <CopyButton text={`${window.location.origin}/requests?request=${request.id}`} label="Copy link" />
      {isReplayable(request) && can('Read', 'Models', 'own') && (
        <Button size="sm" asChild>
          <a href={`/playground?request=${request.id}`}>
            <SquareTerminal aria-hidden /> Replay in playground
          </a>
        </Button>
      )}
    </>
  )
}

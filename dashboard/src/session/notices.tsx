/** Where there is no page: nothing at this address, no right to see it, nobody who answers. */
import { Link } from '@tanstack/react-router'
import { CloudOff, Compass, LoaderCircle, Lock } from 'lucide-react'
import { useEffect } from 'react'
import { asProblem } from '@/api/problem'
import { onServerBack, serverAway, useServerAway } from '@/api/reachability'
import { EmptyState, ErrorState } from '@/components/page'
import { Button } from '@/design/button'

export class NoAccess extends Error {
  override readonly name = 'NoAccess'
}

const home = (
  <Button asChild>
    <Link to="/">Go to the start page</Link>
  </Button>
)

export function NotFound() {
  return (
    <EmptyState icon={<Compass />} title="Nothing is here" action={home} className="pt-[16vh]">
      The address may have a typing error, or what was here has been deleted.
    </EmptyState>
  )
}

export function NoAccessNotice() {
  return (
    <EmptyState icon={<Lock />} title="This page is not for your account" action={home} className="pt-[16vh]">
      Ask an administrator for the role that it needs.
    </EmptyState>
  )
}

/** What a route shows in place of its page when it could not be opened. */
export function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  if (error instanceof NoAccess) return <NoAccessNotice />
  if (asProblem(error).unreachable) return <ServerAway retry={reset} />
  return <ErrorState error={error} retry={reset} />
}

function ServerAway({ retry }: { retry: () => void }) {
  useEffect(() => {
    serverAway()
    return onServerBack(retry)
  }, [retry])
  return (
    <div role="alert">
      <EmptyState icon={<CloudOff />} title="The server does not answer" className="pt-[16vh]">
        <LoaderCircle className="mr-1.5 inline size-4 animate-spin align-text-bottom" aria-hidden />
        It is asked again and again; this page opens as soon as it is back.
      </EmptyState>
    </div>
  )
}

/** Above a page that is open already. */
export function AwayBanner() {
  if (!useServerAway()) return null
  return (
    <div
      role="status"
      className="sticky top-0 z-40 flex items-center justify-center gap-2 bg-warn-well px-4 py-1.5 text-xs font-medium text-warn"
    >
      <LoaderCircle className="size-3.5 animate-spin" aria-hidden /> The server does not answer. Connecting
      again…
    </div>
  )
}

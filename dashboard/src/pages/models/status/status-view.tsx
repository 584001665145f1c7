/** How the models fare: for a look, and for a wall. It asks anew by itself. */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Activity, Maximize, Minimize } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { Schema } from '@/api/client'
import { Status, type Tone } from '@/components/badge'
import { EmptyState, ErrorState, Skeleton } from '@/components/page'
import { Pager } from '@/components/data-table/pager'
import { Panel } from '@/components/panel'
import { UptimeBars } from '@/components/uptime-bars'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Segments } from '@/design/tabs'
import { percentage, plural } from '@/format/number'
import { uptimeOptions, WINDOWS, type ModelsState, type UptimeWindow } from '../queries'
import { Incidents } from './incidents'
import { stateOf, type State } from './state'

type Uptime = Schema['ModelUptime']

interface StatusViewProps {
  state: ModelsState
  window: UptimeWindow
  onWindow: (window: UptimeWindow) => void
  nothingFound: ReactNode
}

export function StatusView({ state, window, onWindow, nothingFound }: StatusViewProps) {
  const query = useQuery(uptimeOptions(state, window))
  const wall = useRef<HTMLDivElement>(null)
  const models = query.data?.data
  if (query.isError && models === undefined) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  return (
    <div ref={wall} className="space-y-4 bg-canvas [&:fullscreen]:overflow-y-auto [&:fullscreen]:p-8">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <Summary page={query.data} />
        <div className="flex items-center gap-2">
          <Segments label="Time range" value={window} onChange={onWindow} options={WINDOWS} />
          <FullScreen of={wall} />
        </div>
      </div>
      {models === undefined ? (
        <Waiting />
      ) : models.length === 0 ? (
        <div className="rounded-lg border border-line bg-surface shadow-raised">
          {state.narrowed ? (
            nothingFound
          ) : (
            <EmptyState icon={<Activity />} title="No model is watched">
              On a model’s page, under Monitoring, a probe is made that asks it now and then. Here is what
              probes found.
            </EmptyState>
          )}
        </div>
      ) : (
        <>
          <Bars models={models} seconds={query.data?.bucket_seconds ?? 0} window={window} />
          {(query.data?.total_count ?? 0) > models.length && (
            <div className="rounded-lg border border-line bg-surface shadow-raised [&>div]:border-t-0">
              <Pager state={state} total={query.data?.total_count ?? 0} loading={query.isPending} />
            </div>
          )}
          <Panel title="Incidents" description="Checks that failed in a row, the latest first.">
            <Incidents incidents={incidentsOf(models)} />
          </Panel>
        </>
      )}
    </div>
  )
}

function incidentsOf(models: readonly Uptime[]) {
  return models
    .flatMap((model) =>
      model.incidents.map((incident) => ({ ...incident, alias: model.display_name ?? model.alias })),
    )
    .toSorted((one, other) => Date.parse(other.start) - Date.parse(one.start))
}

const TONES: Record<State, Tone> = { up: 'good', down: 'bad', paused: 'neutral', unknown: 'neutral' }
const WORDS: Record<State, string> = { up: 'Up', down: 'Down', paused: 'Paused', unknown: 'Not yet checked' }

/** Of all pages, not of the one that is shown. */
function Summary({ page }: { page: Schema['UptimePage'] | undefined }) {
  if (page === undefined) return <Skeleton className="h-6 w-48" />
  const { down, unwatched } = page
  return (
    <p className="flex flex-wrap items-baseline gap-x-3" role="status">
      {page.total_count > 0 && (
        <span className={cn('text-xl font-semibold tracking-tight', down > 0 ? 'text-bad' : 'text-good')}>
          {down === 0
            ? 'All models answer'
            : `${plural(down, 'model')} ${down === 1 ? 'does' : 'do'} not answer`}
        </span>
      )}
      {unwatched > 0 && (
        <span className="text-faint">
          {plural(unwatched, 'model')} {unwatched === 1 ? 'is' : 'are'} not watched
        </span>
      )}
    </p>
  )
}

interface BarsProps {
  models: readonly Uptime[]
  seconds: number
  window: UptimeWindow
}

function Bars({ models, seconds, window }: BarsProps) {
  const label = WINDOWS.find(({ value }) => value === window)?.label ?? ''
  return (
    <ul
      aria-label="Uptime of models"
      className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,30rem),1fr))] gap-3"
    >
      {models.map((model) => (
        <li key={model.model_id} className="rounded-lg border border-line bg-surface p-4 shadow-raised">
          <div className="mb-2.5 flex items-baseline justify-between gap-3">
            <Link
              to="/models/$modelId"
              params={{ modelId: model.model_id }}
              search={{ tab: 'monitoring' }}
              className="min-w-0 truncate font-medium hover:underline"
            >
              {model.display_name ?? model.alias}
            </Link>
            <Status tone={TONES[stateOf(model)]}>
              {WORDS[stateOf(model)]}
              <span className="font-medium text-ink tabular-nums">
                {model.uptime_percentage === null ? '' : percentage(model.uptime_percentage).shown}
              </span>
            </Status>
          </div>
          <UptimeBars
            label={model.display_name ?? model.alias}
            buckets={model.buckets}
            seconds={seconds}
            uptime={model.uptime_percentage}
          />
          <div className="mt-1 flex justify-between text-xs text-faint" aria-hidden>
            <span>{label} ago</span>
            <span>Now</span>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Waiting() {
  return (
    <div className="grid gap-3 lg:grid-cols-2" aria-busy>
      {Array.from({ length: 4 }, (_, index) => (
        <div key={index} className="space-y-4 rounded-lg border border-line bg-surface p-4">
          <Skeleton className="w-32" />
          <Skeleton className="h-8 w-full" />
        </div>
      ))}
    </div>
  )
}

/** For a wall: nothing but this. */
function FullScreen({ of }: { of: React.RefObject<HTMLDivElement | null> }) {
  const [full, setFull] = useState(false)
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null)
    document.addEventListener('fullscreenchange', look)
    return () => document.removeEventListener('fullscreenchange', look)
  }, [])
  if (!document.fullscreenEnabled) return null
  return (
    <Button
      size="icon"
      aria-label={full ? 'Leave the full screen' : 'Fill the screen'}
      onClick={() => void (full ? document.exitFullscreen() : of.current?.requestFullscreen())}
    >
      {full ? <Minimize aria-hidden /> : <Maximize aria-hidden />}
    </Button>
  )
}

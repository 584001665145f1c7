/** How deployments fare, as the gateways of this host see them. */
import type { Schema } from '@/api/client'
import { Status, type Tone } from '@/components/badge'
import { ProviderMark } from '@/components/provider-mark'
import { Panel } from '@/components/panel'
import { PlainTable, type PlainColumn } from '@/components/plain-table'
import { Figure } from '@/components/values'
import { milliseconds, plural } from '@/format/number'

type Deployment = Schema['DeploymentHealth']
type Worker = Schema['WorkerView']

const dash = <span className="text-faint">—</span>

const COLUMNS: readonly PlainColumn<Deployment>[] = [
  {
    head: 'Deployment',
    cell: (row) => (
      <div className="flex max-w-72 items-center gap-2.5 py-1.5 leading-4">
        {row.endpoint !== null && <ProviderMark name={row.endpoint} />}
        <div className="min-w-0">
          <div className="truncate font-medium">{row.alias}</div>
          <div className="truncate text-xs text-faint">{row.endpoint}</div>
        </div>
      </div>
    ),
  },
  { head: 'Gateways', cell: (row) => <State workers={row.workers} /> },
  {
    head: 'Under way',
    numeric: true,
    from: 'sm',
    cell: (row) => (row.workers.length === 0 ? dash : sum(row.workers, 'in_flight')),
  },
  {
    head: 'Failures in a row',
    numeric: true,
    from: 'md',
    cell: (row) => (row.workers.length === 0 ? dash : Math.max(...row.workers.map((each) => each.failures))),
  },
  {
    head: 'First byte, lately',
    numeric: true,
    from: 'sm',
    cell: (row) => {
      const known = row.workers.flatMap((each) =>
        each.latency_seconds === null ? [] : [each.latency_seconds],
      )
      if (known.length === 0) return dash
      return (
        <Figure
          value={milliseconds((known.reduce((total, each) => total + each, 0) / known.length) * 1000)}
        />
      )
    },
  },
  { head: 'Probe', from: 'md', cell: (row) => <Probe probe={row.probe} /> },
]

function sum(workers: readonly Worker[], name: 'in_flight'): number {
  return workers.reduce((total, each) => total + each[name], 0)
}

const STATES: Record<Worker['state'], { tone: Tone; word: string }> = {
  closed: { tone: 'good', word: 'Well' },
  limited: { tone: 'warn', word: 'Limited by the provider' },
  half_open: { tone: 'warn', word: 'Being tried' },
  open: { tone: 'bad', word: 'Resting' },
}
const WORST_FIRST = ['open', 'half_open', 'limited', 'closed'] as const

/** The worst of what workers say, and how many say so where not all do. */
function State({ workers }: { workers: readonly Worker[] }) {
  const worst = WORST_FIRST.find((state) => workers.some((each) => each.state === state))
  if (worst === undefined) return <Status tone="neutral">Not asked yet</Status>
  const those = workers.filter((each) => each.state === worst)
  const wait = Math.max(...those.map((each) => each.ready_in_seconds))
  return (
    <Status tone={STATES[worst].tone}>
      {STATES[worst].word}
      {those.length < workers.length && ` (${those.length} of ${workers.length})`}
      {wait > 0 && <span className="text-faint">for {plural(Math.ceil(wait), 'second')}</span>}
    </Status>
  )
}

function Probe({ probe }: { probe: Deployment['probe'] }) {
  if (probe === null) return dash
  if (probe.failing) return <Status tone="bad">Failed {plural(probe.failures, 'time')} in a row</Status>
  return (
    <Status tone={probe.failures === 0 ? 'good' : 'warn'}>
      {probe.failures === 0 ? 'Well' : `${plural(probe.failures, 'failure')} lately`}
    </Status>
  )
}

export function HealthPanel({ deployments }: { deployments: readonly Deployment[] }) {
  return (
    <Panel
      flush
      title="Health"
      description="As the gateways of this host see it. What fails repeatedly rests for a while."
    >
      {deployments.length === 0 ? (
        <p className="px-4 py-8 text-center text-faint">There is no deployment to be well.</p>
      ) : (
        <PlainTable
          label="Health of deployments"
          columns={COLUMNS}
          rows={deployments}
          rowId={(row) => row.deployment_id}
        />
      )}
    </Panel>
  )
}

/** Whether a model answers: its probe, and what it found. */
import { useQuery } from '@tanstack/react-query'
import { Activity, Pause, Play, Plus, Settings2, Trash2, Zap } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { EmptyState, ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { plural } from '@/format/number'
import { useCan } from '@/session/session'
import { probeOptions, type Model, type Probe } from '../queries'
import type { Range } from '../search'
import { useDeleteProbe, useRunProbe, useSwitchProbe } from './changes'
import { ProbeDialog } from './probe-dialog'
import { Results } from './results'
import { Uptime } from './uptime'

interface MonitoringTabProps {
  model: Model
  range: Range
  onRange: (range: Range) => void
}

export function MonitoringTab({ model, range, onRange }: MonitoringTabProps) {
  const can = useCan()
  const [making, setMaking] = useState(false)
  const probeId = model.status?.probe_id
  if (probeId == null) {
    return (
      <>
        <div className="rounded-lg border border-line bg-surface shadow-raised">
          <EmptyState
            icon={<Activity />}
            title="Nobody watches this model"
            action={
              can('Create', 'Probes') && (
                <Button variant="primary" onClick={() => setMaking(true)}>
                  <Plus aria-hidden /> Watch it
                </Button>
              )
            }
          >
            A probe asks it one small question now and then, as a client would, and keeps what came of it.
          </EmptyState>
        </div>
        {making && <ProbeDialog model={model} probe={undefined} onClose={() => setMaking(false)} />}
      </>
    )
  }
  return <Watched model={model} probeId={probeId} range={range} onRange={onRange} />
}

function Watched({ model, probeId, range, onRange }: MonitoringTabProps & { probeId: string }) {
  const probe = useQuery(probeOptions(probeId))
  if (probe.data === undefined) {
    return probe.isError ? (
      <ErrorState error={probe.error} retry={() => void probe.refetch()} />
    ) : (
      <Panel title="Probe">
        <Skeleton className="w-64" />
      </Panel>
    )
  }
  return (
    <div className="space-y-4">
      <ProbePanel model={model} probe={probe.data} />
      <Uptime model={model} probeId={probeId} range={range} onRange={onRange} />
      <Results probe={probe.data} />
    </div>
  )
}

function ProbePanel({ model, probe }: { model: Model; probe: Probe }) {
  const can = useCan()
  const [open, setOpen] = useState<'edit' | 'delete'>()
  const run = useRunProbe(probe.id)
  const turn = useSwitchProbe(probe.id)
  const remove = useDeleteProbe(probe.id)
  const runNow = () =>
    run.mutate(undefined, {
      onSuccess: (result) =>
        say(
          result.success
            ? `${model.alias} answers`
            : `${model.alias} fails: ${result.error_message ?? 'no answer'}`,
        ),
      onError: sayProblem,
    })
  return (
    <>
      <Panel
        title="Probe"
        description={describe(probe)}
        actions={
          // Without icons on a telephone, all of it is one line.
          <div className="flex items-center gap-2 max-sm:[&_.lucide:not(.lucide-trash-2)]:hidden">
            {can('Update', 'Probes') && (
              <>
                <Button busy={run.isPending} onClick={runNow}>
                  <Zap aria-hidden /> Run now
                </Button>
                <Button
                  busy={turn.isPending}
                  onClick={() => turn.mutate(!probe.active, { onError: sayProblem })}
                >
                  {probe.active ? <Pause aria-hidden /> : <Play aria-hidden />}
                  {probe.active ? 'Pause' : 'Resume'}
                </Button>
                <Button onClick={() => setOpen('edit')}>
                  <Settings2 aria-hidden /> Configure…
                </Button>
              </>
            )}
            {can('Delete', 'Probes') && (
              <Button
                variant="ghost"
                size="icon"
                aria-label="Delete the probe"
                onClick={() => setOpen('delete')}
              >
                <Trash2 aria-hidden />
              </Button>
            )}
          </div>
        }
      />
      {open === 'edit' && <ProbeDialog model={model} probe={probe} onClose={() => setOpen(undefined)} />}
      <ConfirmDialog
        danger
        open={open === 'delete'}
        onClose={() => setOpen(undefined)}
        title={`Stop watching ${model.alias}?`}
        action="Delete the probe"
        onConfirm={async () => {
          await remove.mutateAsync()
          say(`${model.alias} is not watched any more`)
        }}
      >
        <p>The probe and all that it found are erased. To keep that, pause it.</p>
      </ConfirmDialog>
    </>
  )
}

function describe(probe: Probe): string {
  const often = `every ${every(probe.interval_seconds)}`
  const asks =
    probe.request_path === null && probe.request_body == null
      ? `One short question ${often}`
      : `${probe.http_method} ${probe.request_path ?? 'with a body of its own'}, ${often}`
  return probe.active ? `${asks}.` : `${asks}, once it is resumed.`
}

function every(seconds: number): string {
  if (seconds % 3600 === 0) return seconds === 3600 ? 'hour' : plural(seconds / 3600, 'hour')
  if (seconds % 60 === 0) return seconds === 60 ? 'minute' : plural(seconds / 60, 'minute')
  return seconds === 1 ? 'second' : plural(seconds, 'second')
}

import { useInfiniteQuery } from '@tanstack/react-query'
import type { Schema } from '@/api/client'
import { Status } from '@/components/badge'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { PlainTable, type PlainColumn } from '@/components/plain-table'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { milliseconds } from '@/format/number'
import { RESULTS_SHOWN, resultsOptions, type Probe } from '../queries'

type Result = Schema['Result']

const dash = <span className="text-faint">—</span>

const COLUMNS: readonly PlainColumn<Result>[] = [
  { head: 'When', cell: (run) => <Time at={run.executed_at} /> },
  {
    head: 'Outcome',
    cell: (run) => <Status tone={run.success ? 'good' : 'bad'}>{run.success ? 'Answered' : 'Failed'}</Status>,
  },
  {
    head: 'Status',
    numeric: true,
    from: 'sm',
    cell: (run) => run.status_code ?? dash,
  },
  {
    head: 'Time',
    numeric: true,
    cell: (run) =>
      run.response_time_ms === null ? dash : <Figure value={milliseconds(run.response_time_ms)} />,
  },
  {
    head: 'Error',
    from: 'md',
    cell: (run) =>
      run.error_message === null ? (
        dash
      ) : (
        <span className="block max-w-xl truncate" title={run.error_message}>
          {run.error_message}
        </span>
      ),
  },
]

/** The latest runs, and as many older ones as one asks for. */
export function Results({ probe }: { probe: Probe }) {
  const results = useInfiniteQuery(resultsOptions(probe.id))
  const { data: runs, hasNextPage, isFetchingNextPage } = results
  return (
    <Panel
      flush
      title="Runs"
      description="The latest first."
      {...(hasNextPage && {
        footer: (
          <Button busy={isFetchingNextPage} onClick={() => void results.fetchNextPage()}>
            Show {RESULTS_SHOWN} older ones
          </Button>
        ),
      })}
    >
      {runs === undefined ? (
        results.isError ? (
          <ErrorState error={results.error} retry={() => void results.refetch()} />
        ) : (
          <div className="space-y-4 p-4" aria-busy>
            <Skeleton className="w-64" />
            <Skeleton className="w-48" />
          </div>
        )
      ) : runs.length === 0 ? (
        <p className="px-4 py-8 text-center text-faint">It has not run yet.</p>
      ) : (
        <PlainTable label="Runs of the probe" columns={COLUMNS} rows={runs} rowId={(run) => run.id} />
      )}
    </Panel>
  )
}

import { useQuery } from '@tanstack/react-query'
import { DetailList } from '@/components/detail-list'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { lengthOfTime } from '@/format/duration'
import { bytes } from '@/format/size'
import { set, Setting } from '../instance/configured'
import { instanceOptions, type Overview } from '../instance/queries'

type Kept = Overview['retention']['bodies']

export function RetentionPanel() {
  const query = useQuery(instanceOptions)
  return (
    <Panel
      title="Retention"
      description={
        <>
          How long things stay; the oldest days go first. Changed beneath <Setting>request_log</Setting> of
          the configuration.
        </>
      }
    >
      {query.data !== undefined ? (
        <DetailList
          entries={[
            set('Conversations', 'request_log.bodies', kept(query.data.retention.bodies)),
            set(
              'Requests, without what was said',
              'request_log.requests',
              kept(query.data.retention.requests),
            ),
            set('Sums for usage and analytics', 'request_log.sums', kept(query.data.retention.sums)),
            ['Audit log', 'Forever'],
          ]}
        />
      ) : query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Skeleton className="w-64" />
      )}
    </Panel>
  )
}

function kept({ max_age_seconds, max_bytes }: Kept): string {
  const age = max_age_seconds === null ? 'Forever' : lengthOfTime(max_age_seconds)
  return max_bytes === null ? age : `${age}, up to ${bytes(max_bytes)}`
}

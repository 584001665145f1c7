import { MetricTile } from '@/components/metric-tile'
import { DetailList } from '@/components/detail-list'
import { Panel } from '@/components/panel'
import { PlainTable } from '@/components/plain-table'
import { count } from '@/format/number'
import { useAiBaseUrl } from '@/session/session'
import { Configured, Mono, none, OnOff, set } from './configured'
import type { Overview } from './queries'
import { Sourced } from './sourced'

const SERVICES: Record<Overview['services'][number]['name'], { name: string; does: string }> = {
  payments: { name: 'Payments', does: 'People buy credit themselves.' },
  batches: { name: 'Batches', does: 'Files of requests are answered in the background.' },
  probe_scheduler: { name: 'Probes', does: 'Models are asked at intervals whether they answer.' },
  webhooks: { name: 'Webhooks', does: 'Other programs are told what happens.' },
  tracing: { name: 'Tracing', does: 'Requests are told to OpenTelemetry.' },
  sinks: { name: 'Sinks', does: 'What was recorded is written to files elsewhere.' },
  full_text_search: { name: 'Full-text search', does: 'Conversations are found by their words.' },
}

export function InstancePage() {
  const baseUrl = useAiBaseUrl()
  return (
    <Configured
      title="Instance"
      description="What this is, as its configuration has it. It is changed where it is set, and read at the next start."
    >
      {(overview) => (
        <>
          <div className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-5">
            <MetricTile label="Users" value={count(overview.counts.users)} />
            <MetricTile label="Groups" value={count(overview.counts.groups)} />
            <MetricTile label="Models" value={count(overview.counts.models)} />
            <MetricTile label="Endpoints" value={count(overview.counts.endpoints)} />
            <MetricTile label="API keys" value={count(overview.counts.api_keys)} />
          </div>
          <Panel title="About">
            <DetailList
              entries={[
                ['Version', overview.version],
                set('Name', 'metadata.title', overview.title),
                set('Region', 'metadata.region', overview.region ?? none),
                set('Organisation', 'metadata.organization', overview.organization ?? none),
                set('Dashboard', 'dashboard_url', <Mono>{overview.dashboard_url}</Mono>),
                set('AI API', 'metadata.ai_api_base_url', <Mono>{baseUrl}</Mono>),
              ]}
            />
          </Panel>
          <Panel title="Services" description="What is switched on, and where." flush>
            <PlainTable
              label="Services"
              rows={overview.services}
              rowId={(service) => service.name}
              columns={[
                {
                  head: 'Service',
                  className: 'py-2',
                  cell: ({ name }) => (
                    <>
                      <span className="font-medium">{SERVICES[name].name}</span>
                      <span className="block text-xs text-faint">{SERVICES[name].does}</span>
                    </>
                  ),
                },
                {
                  head: 'State',
                  cell: ({ enabled, setting }) => (
                    <Sourced setting={setting}>
                      <OnOff on={enabled} />
                    </Sourced>
                  ),
                },
              ]}
            />
          </Panel>
        </>
      )}
    </Configured>
  )
}

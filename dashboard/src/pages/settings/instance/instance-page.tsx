import { MetricTile } from '@/components/metric-tile'
import { DetailList } from '@/components/detail-list'
import { Panel } from '@/components/panel'
import { PlainTable } from '@/components/plain-table'
import { count } from '@/format/number'
import { useAiBaseUrl } from '@/session/session'
import { Configured, Mono, none, OnOff, Setting } from './configured'
import type { Overview } from './queries'

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
      description="What this is, as its configuration has it. It is changed in config.yaml or the environment, and read at the next start."
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
                ['Name', overview.title],
                ['Version', overview.version],
                ['Region', overview.region ?? none],
                ['Organisation', overview.organization ?? none],
                ['Dashboard', <Mono key="dashboard">{overview.dashboard_url}</Mono>],
                ['AI API', <Mono key="ai">{baseUrl}</Mono>],
              ]}
            />
          </Panel>
          <Panel title="Services" description="What is switched on, and the key of the configuration." flush>
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
                { head: 'State', cell: ({ enabled }) => <OnOff on={enabled} /> },
                { head: 'Setting', from: 'md', cell: ({ setting }) => <Setting>{setting}</Setting> },
              ]}
            />
          </Panel>
        </>
      )}
    </Configured>
  )
}

/** One model: what it is, where its requests go, what it costs, whether it answers. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Boxes, ChevronRight, CodeXml } from 'lucide-react'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { asProblem } from '@/api/problem'
import { EmptyState, ErrorState, Page, Skeleton } from '@/components/page'
import { Button } from '@/design/button'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { ApiDialog } from '@/pages/models/api-dialog'
import { HealthStatus, ModelMark, providerOf } from '@/pages/models/parts'
import { useCan, type Can } from '@/session/session'
import { GroupsTab } from './groups/groups-tab'
import { MonitoringTab } from './monitoring/monitoring-tab'
import { OverviewTab } from './overview/overview-tab'
import { PricingTab } from './pricing/pricing-tab'
import { modelOptions, type Model } from './queries'
import { modelSearch, TABS, type Range, type TabName } from './search'

const ConfigurationTab = lazy(() =>
  import('./configuration/configuration-tab').then((module) => ({ default: module.ConfigurationTab })),
)
const DeploymentsTab = lazy(() =>
  import('./deployments/deployments-tab').then((module) => ({ default: module.DeploymentsTab })),
)

export function ModelPage() {
  const { modelId = '' }: { modelId?: string } = useParams({ strict: false })
  const query = useQuery(modelOptions(modelId))
  if (query.data !== undefined) return <Shown key={modelId} model={query.data} />
  if (!query.isError) {
    return (
      <Page title="Model">
        <div className="space-y-4" aria-busy>
          <Skeleton className="h-8 w-96 max-w-full" />
          <Skeleton className="h-48 w-full" />
        </div>
      </Page>
    )
  }
  return (
    <Page title="Model">
      {asProblem(query.error).status === 404 || asProblem(query.error).status === 400 ? (
        <EmptyState
          icon={<Boxes />}
          title="There is no such model"
          action={
            <Button asChild>
              <Link to="/models">Show all models</Link>
            </Button>
          }
        >
          It was deleted, or it is not granted to you.
        </EmptyState>
      ) : (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      )}
    </Page>
  )
}

const NAMES: Record<TabName, string> = {
  overview: 'Overview',
  deployments: 'Deployments',
  configuration: 'Configuration',
  pricing: 'Pricing',
  monitoring: 'Monitoring',
  groups: 'Groups',
}

const VISIBLE: Record<TabName, (can: Can) => boolean> = {
  overview: () => true,
  deployments: (can) => can('Read', 'Models') && can('Read', 'CompositeModels'),
  configuration: (can) => can('Update', 'Models'),
  pricing: (can) => can('Read', 'Pricing'),
  monitoring: (can) => can('Read', 'Probes'),
  groups: (can) => can('Read', 'Groups'),
}

function Shown({ model }: { model: Model }) {
  const can = useCan()
  const navigate = useNavigate()
  const search: Record<string, unknown> = useSearch({ strict: false })
  const [snippets, setSnippets] = useState(false)
  const { tab = 'overview', range = '24h' } = modelSearch(search)
  const tabs = TABS.filter((each) => VISIBLE[each](can))
  const set = (changes: { tab?: string; range?: Range }) =>
    void navigate({
      to: '.',
      replace: true,
      resetScroll: false,
      search: (previous: Record<string, unknown>) => ({ ...modelSearch({ ...previous, ...changes }) }),
    })
  const ranged = { model, range, onRange: (next: Range) => set({ range: next }) }
  const panels: Record<TabName, ReactNode> = {
    overview: <OverviewTab {...ranged} />,
    deployments: <DeploymentsTab model={model} />,
    configuration: <ConfigurationTab model={model} />,
    pricing: <PricingTab model={model} />,
    monitoring: <MonitoringTab {...ranged} />,
    groups: <GroupsTab model={model} />,
  }
  const shown = tabs.includes(tab) ? tab : 'overview'
  return (
    <Page
      title={model.display_name ?? model.alias}
      description={<Where model={model} />}
      actions={
        <Button variant="primary" onClick={() => setSnippets(true)}>
          <CodeXml aria-hidden /> API
        </Button>
      }
    >
      {tabs.length === 1 ? (
        panels.overview
      ) : (
        <Tabs value={shown} onValueChange={(next) => set({ tab: next })}>
          <TabList aria-label="Parts of the model" className="mb-4">
            {tabs.map((each) => (
              <Tab key={each} value={each}>
                {NAMES[each]}
              </Tab>
            ))}
          </TabList>
          {tabs.map((each) => (
            <TabPanel key={each} value={each} className="outline-none">
              <Suspense fallback={<Skeleton className="h-48 w-full" />}>{panels[each]}</Suspense>
            </TabPanel>
          ))}
        </Tabs>
      )}
      {snippets && <ApiDialog model={model} onClose={() => setSnippets(false)} />}
    </Page>
  )
}

function Where({ model }: { model: Model }) {
  const provider = providerOf(model)
  return (
    <span className="flex flex-wrap items-center gap-x-1.5 gap-y-0.5">
      <Link to="/models" className="hover:text-ink hover:underline">
        Models
      </Link>
      <ChevronRight className="size-3.5 text-faint" aria-hidden />
      <code className="font-mono text-xs break-all">{model.alias}</code>
      {model.is_composite === true ? (
        <span className="text-faint">composite model</span>
      ) : (
        provider !== undefined && (
          <span className="inline-flex items-center gap-1.5 text-faint">
            at <ModelMark small model={model} /> {provider}
          </span>
        )
      )}
      <span className="ml-1.5">
        <HealthStatus model={model} />
      </span>
    </span>
  )
}

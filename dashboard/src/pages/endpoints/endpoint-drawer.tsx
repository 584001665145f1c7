import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { KeyRound, Pencil, RefreshCw, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { DetailList } from '@/components/detail-list'
import { Skeleton } from '@/components/page'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Drawer } from '@/design/dialog'
import type { Act } from './columns'
import { DIALECT_NAMES } from './connection'
import { EndpointHealth, ModelCount } from './parts'
import { hostedOptions, type Endpoint } from './queries'

interface EndpointDrawerProps {
  endpoint: Endpoint
  may: { change: boolean; remove: boolean }
  onClose: () => void
  onAct: Act
}

export function EndpointDrawer({ endpoint, may, onClose, onAct }: EndpointDrawerProps) {
  return (
    <Drawer
      open
      onClose={onClose}
      title={endpoint.name}
      {...(endpoint.description === null || endpoint.description === ''
        ? {}
        : { description: endpoint.description })}
      footer={
        (may.change || may.remove) && (
          <>
            {may.remove && (
              <Button onClick={() => onAct('delete', endpoint)} className="mr-auto text-bad">
                <Trash2 aria-hidden /> Delete…
              </Button>
            )}
            {may.change && (
              <>
                <Button onClick={() => onAct('rotate', endpoint)}>
                  <KeyRound aria-hidden /> {endpoint.requires_api_key ? 'Rotate key…' : 'Add a key…'}
                </Button>
                <Button onClick={() => onAct('edit', endpoint)}>
                  <Pencil aria-hidden /> Edit…
                </Button>
                <Button variant="primary" onClick={() => onAct('synchronise', endpoint)}>
                  <RefreshCw aria-hidden /> Synchronise…
                </Button>
              </>
            )}
          </>
        )
      }
    >
      <DetailList
        entries={[
          [
            'URL',
            <code key="url" className="font-mono text-xs break-all">
              {endpoint.url}
            </code>,
          ],
          ['Dialect', DIALECT_NAMES[endpoint.dialect] ?? endpoint.dialect],
          ['Key', endpoint.requires_api_key ? 'Kept sealed' : <span className="text-faint">None</span>],
          [
            'Header of the key',
            <code key="header" className="font-mono text-xs">
              {endpoint.auth_header_name}: {endpoint.auth_header_prefix}…
            </code>,
          ],
          ['TLS', tls(endpoint)],
          ['Health', <EndpointHealth key="health" endpoint={endpoint} />],
          ['Models', <ModelCount key="models" endpoint={endpoint} />],
          [
            'What comes in',
            endpoint.model_filter === null ? 'All that the provider lists' : 'The chosen models only',
          ],
          ['Last synchronised', <Time key="synced" at={endpoint.synced_at} />],
          ['Connected', <Time key="created" at={endpoint.created_at} />],
          ['Changed', <Time key="changed" at={endpoint.updated_at} />],
        ]}
      />
      <div className="mt-6 mb-2 flex items-center justify-between gap-3">
        <h3 className="font-medium">Models</h3>
        {may.change && (
          <Button size="sm" onClick={() => onAct('models', endpoint)}>
            Choose models…
          </Button>
        )}
      </div>
      <Models endpoint={endpoint} />
    </Drawer>
  )
}

function tls({ url, verify_tls, ca_bundle }: Endpoint): string {
  if (!url.startsWith('https:')) return 'None: what is sent can be read on the way'
  if (!verify_tls) return 'Not checked'
  return ca_bundle == null ? 'Checked' : 'Checked, with an authority of its own'
}

function Models({ endpoint }: { endpoint: Endpoint }) {
  const hosted = useQuery(hostedOptions(endpoint.id))
  if (hosted.data === undefined) return <Skeleton className="w-1/2" />
  const { active, inactive } = hosted.data
  if (active.length + inactive.length === 0) return <p className="text-faint">None yet.</p>
  return (
    <ul className="divide-y divide-line rounded-lg border border-line">
      {[...active, ...inactive].map((model) => (
        <li key={model.id} className="flex min-h-9 flex-wrap items-center gap-x-3 px-3 py-1">
          <Link
            to="/models"
            search={{ q: model.alias }}
            className="min-w-0 flex-1 font-medium break-all hover:underline"
          >
            {model.alias}
          </Link>
          {model.model_name !== model.alias && (
            <code className="font-mono text-xs break-all text-faint">{model.model_name}</code>
          )}
          {inactive.includes(model) && <Badge tone="warn">Gone</Badge>}
        </li>
      ))}
    </ul>
  )
}

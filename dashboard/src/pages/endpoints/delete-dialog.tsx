import { useQuery } from '@tanstack/react-query'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { say } from '@/components/toast'
import { plural } from '@/format/number'
import { hostedOptions, useDeleteEndpoint, type Endpoint } from './queries'

const NAMED = 12

export function DeleteDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const hosted = useQuery(hostedOptions(endpoint.id))
  const remove = useDeleteEndpoint()
  const doomed = endpoint.models.active + endpoint.models.inactive
  const models = plural(doomed, 'model')
  const aliases = [...(hosted.data?.active ?? []), ...(hosted.data?.inactive ?? [])].map(({ alias }) => alias)
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      danger
      title={`Delete ${endpoint.name}${doomed === 0 ? '' : ` and ${models}`}?`}
      action={doomed === 0 ? 'Delete endpoint' : `Delete endpoint and ${models}`}
      onConfirm={async () => {
        await remove.mutateAsync(endpoint)
        say(`${endpoint.name} deleted.`)
      }}
    >
      <p>
        The endpoint and its key are erased
        {doomed > 0 &&
          ', with its models, their grants, prices and probes: requests for them are refused at once'}
        . Composite models lose what they had here. This cannot be undone; what was used and spent stays on
        record.
      </p>
      {aliases.length > 0 && (
        <ul className="list-disc space-y-0.5 pl-5 font-mono text-xs text-ink" aria-label="Models that go">
          {aliases.slice(0, NAMED).map((alias) => (
            <li key={alias} className="break-all">
              {alias}
            </li>
          ))}
          {aliases.length > NAMED && <li>and {aliases.length - NAMED} more</li>}
        </ul>
      )}
    </ConfirmDialog>
  )
}

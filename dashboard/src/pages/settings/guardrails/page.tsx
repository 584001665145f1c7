import { useQuery } from '@tanstack/react-query'
import { Plus, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { EmptyState, ErrorState, Page, Skeleton } from '@/components/page'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { useCan } from '@/session/session'
import { GuardrailDialog } from './guardrail-dialog'
import { GuardrailRow } from './guardrail-row'
import { moved } from './order'
import { guardrailsOptions, useChangeGuardrails, useDeleteGuardrail, type Guardrail } from './queries'
import { TryPanel } from './try-panel'

export function GuardrailsPage() {
  const can = useCan()
  const query = useQuery(guardrailsOptions)
  const [shown, setShown] = useState<Guardrail | 'new'>()
  const [doomed, setDoomed] = useState<Guardrail>()
  const reorder = useChangeGuardrails()
  const remove = useDeleteGuardrail()
  const guardrails = query.data?.data
  const mayChange = can('Update', 'Models')
  const create = can('Create', 'Models') && (
    <Button variant="primary" onClick={() => setShown('new')}>
      <Plus aria-hidden /> Create guardrail
    </Button>
  )
  const move = (id: string, by: -1 | 1) => () =>
    reorder.mutate(moved(guardrails ?? [], id, by), { onError: sayProblem })
  return (
    <Page
      title="Guardrails"
      description="Checks that requests pass before they leave for a provider, and answers before they reach a client. They run from the top down."
      actions={create}
    >
      <div className="space-y-5">
        <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-raised">
          {guardrails === undefined ? (
            query.isError ? (
              <ErrorState error={query.error} retry={() => void query.refetch()} />
            ) : (
              <Skeleton className="m-4 w-64" />
            )
          ) : guardrails.length === 0 ? (
            <EmptyState icon={<ShieldCheck />} title="No guardrails yet" action={create}>
              Keep card numbers out of prompts, hold answers to a form, or ask a service of your own.
            </EmptyState>
          ) : (
            <ol aria-label="Guardrails" className="divide-y divide-line">
              {guardrails.map((each, index) => (
                <GuardrailRow
                  key={each.id}
                  guardrail={each}
                  onUp={mayChange && index > 0 ? move(each.id, -1) : undefined}
                  onDown={mayChange && index < guardrails.length - 1 ? move(each.id, 1) : undefined}
                  onEdit={mayChange ? () => setShown(each) : undefined}
                  onRemove={can('Delete', 'Models') ? () => setDoomed(each) : undefined}
                />
              ))}
            </ol>
          )}
        </div>
        {mayChange && !query.isPending && <TryPanel />}
      </div>
      {shown !== undefined && (
        <GuardrailDialog
          guardrail={shown === 'new' ? undefined : shown}
          onClose={() => setShown(undefined)}
        />
      )}
      <ConfirmDialog
        danger
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={`Delete ${doomed?.name ?? ''}?`}
        action="Delete guardrail"
        onConfirm={async () => {
          if (doomed === undefined) return
          await remove.mutateAsync(doomed.id)
          say(`${doomed.name} is deleted.`)
        }}
      >
        <p>Nothing is held up by it any more, at every gateway, within a second.</p>
      </ConfirmDialog>
    </Page>
  )
}

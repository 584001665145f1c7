import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Plus, Webhook as WebhookIcon } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { EmptyState, ErrorState, Page, Skeleton } from '@/components/page'
import { SecretShown } from '@/components/secret-shown'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Deliveries } from './deliveries'
import { useDeleteWebhook, useRotateSecret, webhooksOptions, type Webhook } from './queries'
import { CreateWebhook, EditWebhook } from './webhook-dialog'
import { WebhookRow } from './webhook-row'

export function WebhooksPage() {
  const query = useQuery(webhooksOptions)
  const opened = useOpened()
  const [creating, setCreating] = useState(false)
  const [edited, setEdited] = useState<Webhook>()
  const [rotated, setRotated] = useState<Webhook>()
  const [doomed, setDoomed] = useState<Webhook>()
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden /> Create webhook
    </Button>
  )
  const shown = query.data?.find(({ id }) => id === opened.id)
  const actions = {
    open: ({ id }: Webhook) => opened.set(id),
    edit: setEdited,
    rotate: setRotated,
    remove: setDoomed,
  }
  return (
    <Page
      title="Webhooks"
      description="Programs of yours that are told what happens, by signed messages."
      actions={create}
    >
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-raised">
        {query.data === undefined ? (
          query.isError ? (
            <ErrorState error={query.error} retry={() => void query.refetch()} />
          ) : (
            <div className="space-y-4 p-4" aria-busy>
              <Skeleton className="w-72" />
              <Skeleton className="w-56" />
            </div>
          )
        ) : query.data.length === 0 ? (
          <EmptyState icon={<WebhookIcon />} title="No webhooks yet" action={create}>
            Name an address, and it hears of batches that ended, balances that ran low and the like, instead
            of asking again and again.
          </EmptyState>
        ) : (
          <ul aria-label="Webhooks" className="divide-y divide-line">
            {query.data.map((webhook) => (
              <WebhookRow key={webhook.id} webhook={webhook} actions={actions} />
            ))}
          </ul>
        )}
      </div>
      {creating && <CreateWebhook onClose={() => setCreating(false)} />}
      {edited !== undefined && <EditWebhook webhook={edited} onClose={() => setEdited(undefined)} />}
      {shown !== undefined && <Deliveries webhook={shown} onClose={() => opened.set(undefined)} />}
      <NewSecret webhook={rotated} onClose={() => setRotated(undefined)} />
      <DeleteWebhook webhook={doomed} onClose={() => setDoomed(undefined)} />
    </Page>
  )
}

function useOpened() {
  const search: { webhook?: unknown } = useSearch({ strict: false })
  const navigate = useNavigate()
  return {
    id: search.webhook,
    set: (webhook: string | undefined) =>
      void navigate({
        to: '/settings/webhooks',
        replace: true,
        search: webhook === undefined ? {} : { webhook },
      }),
  }
}

interface AskedProps {
  webhook: Webhook | undefined
  onClose: () => void
}

function NewSecret({ webhook, onClose }: AskedProps) {
  const rotate = useRotateSecret()
  const [secret, setSecret] = useState<string>()
  if (secret !== undefined) {
    return (
      <SecretShown secret={secret} title="The new secret" onStored={() => setSecret(undefined)}>
        This is the only time it is shown. Messages are signed with it from now on.
      </SecretShown>
    )
  }
  return (
    <ConfirmDialog
      open={webhook !== undefined}
      onClose={onClose}
      title="Give the webhook a new secret?"
      action="New secret"
      onConfirm={async () => {
        if (webhook !== undefined) setSecret(await rotate.mutateAsync(webhook.id))
      }}
    >
      <p className="break-words">
        Messages to {webhook?.url} are signed with it at once. A receiver that knows only the old one refuses
        them; they are sent again later.
      </p>
    </ConfirmDialog>
  )
}

function DeleteWebhook({ webhook, onClose }: AskedProps) {
  const remove = useDeleteWebhook()
  return (
    <ConfirmDialog
      danger
      open={webhook !== undefined}
      onClose={onClose}
      title="Delete the webhook?"
      action="Delete webhook"
      onConfirm={async () => {
        if (webhook === undefined) return
        await remove.mutateAsync(webhook.id)
        say('The webhook is deleted.')
      }}
    >
      <p className="break-words">
        {webhook?.url} is told nothing more. What was sent, and what waits to be, is forgotten.
      </p>
    </ConfirmDialog>
  )
}

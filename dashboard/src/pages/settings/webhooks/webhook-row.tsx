import { Ellipsis, KeyRound, Pencil, Send, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { sayProblem } from '@/components/toast'
import { Time } from '@/components/values'
import { Button } from '@/design/button'
import { Switch } from '@/design/field'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { useChangeWebhook, type Webhook } from './queries'

export interface WebhookActions {
  open: (webhook: Webhook) => void
  edit: (webhook: Webhook) => void
  rotate: (webhook: Webhook) => void
  remove: (webhook: Webhook) => void
}

export function WebhookRow({ webhook, actions }: { webhook: Webhook; actions: WebhookActions }) {
  const change = useChangeWebhook(webhook.id)
  return (
    <li className="flex items-center gap-x-3 px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <button
            type="button"
            className="min-w-0 truncate font-mono text-xs font-medium hover:underline"
            onClick={() => actions.open(webhook)}
          >
            {webhook.url}
          </button>
          {webhook.scope === 'platform' && <Badge tone="note">Platform</Badge>}
          {webhook.disabled_at != null && <Badge tone="bad">Stopped after failures</Badge>}
        </p>
        <p className="mt-0.5 truncate text-xs text-faint">
          {webhook.description != null && webhook.description !== '' && `${webhook.description} · `}
          {webhook.event_types == null ? 'All events' : webhook.event_types.join(', ')} · made{' '}
          <Time at={webhook.created_at} />
        </p>
      </div>
      <Button size="sm" className="max-sm:hidden" onClick={() => actions.open(webhook)}>
        Deliveries
      </Button>
      <Switch
        aria-label={`Deliver to ${webhook.url}`}
        checked={webhook.enabled}
        disabled={change.isPending}
        onCheckedChange={(enabled) => change.mutate({ enabled }, { onError: sayProblem })}
      />
      <Menu
        trigger={
          <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${webhook.url}`}>
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        <MenuItem onSelect={() => actions.open(webhook)}>
          <Send aria-hidden /> Deliveries
        </MenuItem>
        <MenuItem onSelect={() => actions.edit(webhook)}>
          <Pencil aria-hidden /> Edit…
        </MenuItem>
        <MenuItem onSelect={() => actions.rotate(webhook)}>
          <KeyRound aria-hidden /> New secret…
        </MenuItem>
        <MenuSeparator />
        <MenuItem danger onSelect={() => actions.remove(webhook)}>
          <Trash2 aria-hidden /> Delete…
        </MenuItem>
      </Menu>
    </li>
  )
}

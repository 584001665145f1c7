import { ArrowDown, ArrowUp, Ellipsis, Pencil, Trash2 } from 'lucide-react'
import { Badge } from '@/components/badge'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { Switch } from '@/design/field'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { plural } from '@/format/number'
import { useChangeGuardrails, type Guardrail } from './queries'
import { KINDS, STAGES } from './values'

interface GuardrailRowProps {
  guardrail: Guardrail
  /** Absent at the top, and where one may not. */
  onUp: (() => void) | undefined
  onDown: (() => void) | undefined
  onEdit: (() => void) | undefined
  onRemove: (() => void) | undefined
}

export function GuardrailRow({ guardrail, onUp, onDown, onEdit, onRemove }: GuardrailRowProps) {
  const change = useChangeGuardrails()
  const kind = KINDS.find(({ value }) => value === guardrail.kind)?.label
  const stage = STAGES.find(({ value }) => value === guardrail.stage)?.label
  const set = (enabled: boolean) =>
    change.mutate([{ id: guardrail.id, changes: { enabled } }], { onError: sayProblem })
  return (
    <li className="flex items-center gap-3 px-4 py-2.5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{guardrail.name}</span>
          <Badge>{kind}</Badge>
          <Badge tone="note">{stage === 'Both' ? 'Requests and answers' : stage}</Badge>
        </p>
        <p className="mt-0.5 truncate text-xs text-faint">
          <code className="font-mono">{guardrail.pattern ?? guardrail.url}</code>
          {` · ${guardrail.models === null ? 'all models' : plural(guardrail.models.length, 'model')}`}
          {` · ${guardrail.groups === null ? 'everybody' : plural(guardrail.groups.length, 'group')}`}
          {guardrail.has_secret && ' · with a secret'}
        </p>
      </div>
      <Switch
        aria-label={`Use ${guardrail.name}`}
        checked={guardrail.enabled}
        disabled={onEdit === undefined || change.isPending}
        onCheckedChange={set}
      />
      {onEdit !== undefined && (
        <Menu
          trigger={
            <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${guardrail.name}`}>
              <Ellipsis aria-hidden />
            </Button>
          }
        >
          <MenuItem onSelect={onEdit}>
            <Pencil aria-hidden /> Edit…
          </MenuItem>
          <MenuItem disabled={onUp === undefined} onSelect={onUp}>
            <ArrowUp aria-hidden /> Move up
          </MenuItem>
          <MenuItem disabled={onDown === undefined} onSelect={onDown}>
            <ArrowDown aria-hidden /> Move down
          </MenuItem>
          {onRemove !== undefined && (
            <>
              <MenuSeparator />
              <MenuItem danger onSelect={onRemove}>
                <Trash2 aria-hidden /> Delete…
              </MenuItem>
            </>
          )}
        </Menu>
      )}
    </li>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Ellipsis, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Badge } from '@/components/badge'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { say, sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { Switch } from '@/design/field'
import { Menu, MenuItem, MenuSeparator } from '@/design/menu'
import { CreateRule, EditRule } from './rule-dialog'
import { rulesOptions, useChangeRule, useDeleteRule, type Rule } from './queries'

export function RulesPanel({ mayChange }: { mayChange: boolean }) {
  const query = useQuery(rulesOptions)
  const [creating, setCreating] = useState(false)
  const [edited, setEdited] = useState<Rule>()
  const [doomed, setDoomed] = useState<Rule>()
  const remove = useDeleteRule()
  return (
    <>
      <Panel
        flush
        title="Redaction rules"
        description="What they find is replaced before a conversation is kept. Models and clients see the original; use guardrails to change that."
        actions={
          mayChange && (
            <Button onClick={() => setCreating(true)}>
              <Plus aria-hidden /> Create rule
            </Button>
          )
        }
      >
        {query.data !== undefined ? (
          <ul aria-label="Redaction rules" className="divide-y divide-line">
            {query.data.data.map((rule) => (
              <Row key={rule.id} rule={rule} mayChange={mayChange} onEdit={setEdited} onRemove={setDoomed} />
            ))}
          </ul>
        ) : query.isError ? (
          <ErrorState error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Skeleton className="m-4 w-64" />
        )}
      </Panel>
      {creating && <CreateRule onClose={() => setCreating(false)} />}
      {edited !== undefined && <EditRule rule={edited} onClose={() => setEdited(undefined)} />}
      <ConfirmDialog
        danger
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={`Delete ${doomed?.name ?? ''}?`}
        action="Delete rule"
        onConfirm={async () => {
          if (doomed === undefined) return
          await remove.mutateAsync(doomed.id)
          say(`${doomed.name} is deleted.`)
        }}
      >
        <p>What it finds is kept from now on. What was replaced before stays replaced.</p>
      </ConfirmDialog>
    </>
  )
}

interface RowProps {
  rule: Rule
  mayChange: boolean
  onEdit: (rule: Rule) => void
  onRemove: (rule: Rule) => void
}

function Row({ rule, mayChange, onEdit, onRemove }: RowProps) {
  const change = useChangeRule(rule.id)
  return (
    <li className="flex items-center gap-3 px-4 py-2.5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {rule.name} {rule.built_in && <Badge>Built in</Badge>}
        </p>
        <p className="mt-0.5 truncate text-xs text-faint">
          <code className="font-mono">{rule.pattern}</code> →{' '}
          <code className="font-mono">{rule.replacement}</code>
        </p>
      </div>
      <Switch
        aria-label={`Use ${rule.name}`}
        checked={rule.enabled}
        disabled={!mayChange || change.isPending}
        onCheckedChange={(enabled) => change.mutate({ enabled }, { onError: sayProblem })}
      />
      {mayChange && (
        <Menu
          trigger={
            <Button variant="ghost" size="icon-sm" aria-label={`Actions for ${rule.name}`}>
              <Ellipsis aria-hidden />
            </Button>
          }
        >
          <MenuItem onSelect={() => onEdit(rule)}>
            <Pencil aria-hidden /> Edit…
          </MenuItem>
          {!rule.built_in && (
            <>
              <MenuSeparator />
              <MenuItem danger onSelect={() => onRemove(rule)}>
                <Trash2 aria-hidden /> Delete…
              </MenuItem>
            </>
          )}
        </Menu>
      )}
    </li>
  )
}

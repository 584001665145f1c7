import { useQuery } from '@tanstack/react-query'
import { useCan } from '@/session/session'
import { instanceOptions } from '../instance/queries'
import { Sheet } from '../sheet'
import { PreviewPanel } from './preview-panel'
import { rulesOptions } from './queries'
import { RetentionPanel } from './retention-panel'
import { RulesPanel } from './rules-panel'

export function PrivacyPage() {
  const can = useCan()
  // Asked side by side, shown from the top.
  const retention = useQuery(instanceOptions)
  const rules = useQuery(rulesOptions)
  return (
    <Sheet title="Data & privacy" description="What is kept of requests and conversations, and for how long.">
      <RetentionPanel />
      {!retention.isPending && <RulesPanel mayChange={can('Update', 'System')} />}
      {!retention.isPending && !rules.isPending && <PreviewPanel />}
    </Sheet>
  )
}

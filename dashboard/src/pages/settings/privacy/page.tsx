import { useCan } from '@/session/session'
import { Sheet } from '../sheet'
import { PreviewPanel } from './preview-panel'
import { RetentionPanel } from './retention-panel'
import { RulesPanel } from './rules-panel'

export function PrivacyPage() {
  const can = useCan()
  return (
    <Sheet title="Data & privacy" description="What is kept of requests and conversations, and for how long.">
      <RetentionPanel />
      <RulesPanel mayChange={can('Update', 'System')} />
      <PreviewPanel />
    </Sheet>
  )
}

import { Badge, type Tone } from '@/components/badge'
import { actorWords } from './actor'
import { useActorName } from './queries'

const TONES: Record<string, Tone> = { create: 'good', update: 'note', delete: 'bad', login_failed: 'warn' }

export function OperationBadge({ operation }: { operation: string }) {
  return <Badge tone={TONES[operation] ?? 'neutral'}>{words(operation)}</Badge>
}

export function Actor({ actor }: { actor: string }) {
  return useActorName(actor) ?? actorWords(actor)
}

/** "group members" of the API's `group_members`. */
export function words(name: string): string {
  return name.replaceAll('_', ' ')
}

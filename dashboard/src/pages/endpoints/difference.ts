/** What a synchronisation would change, as people read it. */
import type { SyncResult } from './queries'

export interface Part {
  kind: 'created' | 'reactivated' | 'deactivated' | 'deleted' | 'skipped' | 'unchanged'
  title: string
  /** What it means. */
  meaning: string
  names: readonly string[]
}

/** Empty parts are left out. `active` are the models that can be called now, by their provider's names. */
export function differenceOf({ changes }: Pick<SyncResult, 'changes'>, active: readonly string[]): Part[] {
  const leaving = new Set([...changes.deactivated, ...changes.deleted])
  const parts: Part[] = [
    {
      kind: 'created',
      title: 'New',
      meaning: 'They come in under their own names. Nobody may use them before they are granted.',
      names: changes.created,
    },
    {
      kind: 'reactivated',
      title: 'Back',
      meaning: 'The provider lists them again: they can be called again, by whom they are granted to.',
      names: changes.reactivated,
    },
    {
      kind: 'deactivated',
      title: 'Gone',
      meaning: 'The provider lists them no more: requests for them are refused. They keep alias and grants.',
      names: changes.deactivated,
    },
    {
      kind: 'deleted',
      title: 'Deleted',
      meaning: 'They are not among the chosen models: they are erased, with their grants and prices.',
      names: changes.deleted,
    },
    {
      kind: 'skipped',
      title: 'Left out',
      meaning: 'Their names are aliases of other models. Give them an alias with “Choose models”.',
      names: changes.skipped,
    },
    {
      kind: 'unchanged',
      title: 'Unchanged',
      meaning: 'They stay as they are.',
      names: active.filter((name) => !leaving.has(name)),
    },
  ]
  return parts.filter((part) => part.names.length > 0)
}

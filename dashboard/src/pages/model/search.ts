/** What the page of a model keeps in its URL: the tab, and the stretch of time of its figures. */

export const TABS = ['overview', 'deployments', 'configuration', 'pricing', 'monitoring', 'groups'] as const
export type TabName = (typeof TABS)[number]

export const RANGES = ['24h', '7d', '30d'] as const
export type Range = (typeof RANGES)[number]

export const RANGE_OPTIONS = [
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
] as const satisfies readonly { value: Range; label: string }[]

export interface ModelSearch {
  tab?: TabName
  range?: Range
}

/** What is not valid is left out, and so is what would be shown anyway. */
export function modelSearch(raw: Record<string, unknown>): ModelSearch {
  const tab = TABS.find((each) => each === raw.tab)
  const range = RANGES.find((each) => each === raw.range)
  return {
    ...(tab === undefined || tab === 'overview' ? {} : { tab }),
    ...(range === undefined || range === '24h' ? {} : { range }),
  }
}

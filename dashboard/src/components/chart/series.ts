/** What a chart draws over time. Pure. */

export type Colour = '1' | '2' | '3' | '4' | 'good' | 'warn' | 'bad' | 'faint'

export interface Series {
  key: string
  name: string
  colour: Colour
  /** What it is compared with. It stands on no stack. */
  dashed?: boolean
}

/** Of series whose colours say nothing, in this order: neighbours are told apart. */
export const COLOURS = ['1', '3', '2', '4'] as const satisfies readonly Colour[]

/** Of each point in time, in milliseconds: a number per series, or `null` where there is none. */
export type Point = { at: number } & Record<string, number | null>

export function colourOf({ colour }: Series): string {
  return colour === 'faint' ? 'var(--ink-faint)' : `var(--chart-${colour})`
}

import type { CSSProperties } from 'react'
import { cn } from '@/design/class-names'
import { glyphOf, hueOf, monogram } from './provider-glyphs'

interface ProviderMarkProps {
  /** What stands beside it: it says nothing to those who cannot see it. */
  name: string
  /** Its address, which tells a provider whose endpoint is called otherwise. */
  url?: string | null | undefined
  small?: boolean
  className?: string
}

/** Stands for a provider where a logo would. */
export function ProviderMark({ name, url, small, className }: ProviderMarkProps) {
  const glyph = glyphOf(name, url)
  return (
    <span
      aria-hidden
      style={{ '--hue': glyph?.hue ?? hueOf(name) } as CSSProperties}
      className={cn(
        'provider-mark inline-flex shrink-0 items-center justify-center text-xs font-semibold',
        small === true ? 'size-5 rounded-sm' : 'size-7 rounded-md',
        className,
      )}
    >
      {glyph === undefined ? (
        monogram(name).slice(0, small === true ? 1 : 2)
      ) : (
        <svg
          viewBox="0 0 24 24"
          className={small === true ? 'size-3.5' : 'size-[1.125rem]'}
          fill="none"
          stroke="currentColor"
          strokeWidth={small === true ? 2.25 : 2}
          strokeLinecap="round"
          strokeLinejoin="round"
        >
          <path d={glyph.path} strokeDasharray={glyph.dash} />
          {glyph.dots?.map(([x, y, radius]) => (
            <circle key={`${x} ${y}`} cx={x} cy={y} r={radius} fill="currentColor" stroke="none" />
          ))}
        </svg>
      )}
    </span>
  )
}

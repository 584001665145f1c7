import type { ReactNode } from 'react'

/** Names and values of one thing, in a drawer. */
export function DetailList({ entries }: { entries: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="divide-y divide-line">
      {entries.map(([name, value]) => (
        <div key={name} className="flex items-baseline justify-between gap-x-6 py-2 max-sm:flex-wrap">
          <dt className="shrink-0 text-faint">{name}</dt>
          <dd className="ml-auto min-w-0 text-right break-words">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Settings that the configuration has: shown, with where to change them. */
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Status } from '@/components/badge'
import { ErrorState, Skeleton } from '@/components/page'
import { Panel } from '@/components/panel'
import { Sheet } from '../sheet'
import { instanceOptions, type Overview } from './queries'
import { Sourced } from './sourced'

interface ConfiguredProps {
  title: string
  description: ReactNode
  children: (overview: Overview) => ReactNode
}

/** A page of them. */
export function Configured({ title, description, children }: ConfiguredProps) {
  const query = useQuery(instanceOptions)
  return (
    <Sheet title={title} description={description}>
      {query.data !== undefined ? (
        children(query.data)
      ) : query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Panel title={title}>
          <div className="space-y-4 py-2" aria-busy>
            {['w-72', 'w-56', 'w-64'].map((width) => (
              <Skeleton key={width} className={width} />
            ))}
          </div>
        </Panel>
      )}
    </Sheet>
  )
}

/** An entry of a list of details: what the configuration has under this key, and where that is set. */
export function set(name: string, key: string, value: ReactNode): readonly [string, ReactNode] {
  return [
    name,
    <Sourced key={key} setting={key}>
      {value}
    </Sourced>,
  ]
}

/** The name of a key of the configuration. */
export function Setting({ children }: { children: string }) {
  return <code className="font-mono text-xs break-words text-soft">{children}</code>
}

export function OnOff({ on }: { on: boolean }) {
  return <Status tone={on ? 'good' : 'neutral'}>{on ? 'On' : 'Off'}</Status>
}

export function Mono({ children }: { children: string }) {
  return <code className="font-mono text-xs break-all">{children}</code>
}

export const none: ReactNode = <span className="text-faint">—</span>

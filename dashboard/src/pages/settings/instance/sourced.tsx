import { useQuery } from '@tanstack/react-query'
import { Fragment, type ReactNode } from 'react'
import { originOf } from './origin'
import { instanceOptions } from './queries'

interface SourcedProps {
  /** The key of the configuration. */
  setting: string
  children: ReactNode
}

/** A value that the configuration has, and beneath it where it is set. */
export function Sourced({ setting, children }: SourcedProps) {
  const { data } = useQuery(instanceOptions)
  return (
    <>
      {children}
      {data !== undefined && <Source origin={originOf(setting, data.origins)} setting={setting} />}
    </>
  )
}

function Source({ origin, setting }: { origin: string | undefined; setting: string }) {
  return (
    <span className="block text-xs break-words text-faint">
      {origin === undefined ? (
        <>
          Default of <Key>{setting}</Key>
        </>
      ) : (
        <>
          Set by <Key>{origin}</Key>
        </>
      )}
    </span>
  )
}

/** Long ones break between their words. */
function Key({ children }: { children: string }) {
  return (
    <code className="font-mono">
      {children.split(/(?<=[._/])(?=[^._/])/).map((word, index) => (
        <Fragment key={index}>
          {word}
          <wbr />
        </Fragment>
      ))}
    </code>
  )
}

import type { ReactNode } from 'react'
import { ProviderMark } from '@/components/provider-mark'
import { Time } from '@/components/values'
import { plural } from '@/format/number'
import type { Fact, Found } from './queries'

interface FoundLineProps {
  fact: Fact
  found: Found
}

/** What a step has brought, in one line. */
export function FoundLine({ fact, found }: FoundLineProps) {
  switch (fact) {
    case 'provider_connected':
      return (
        <Line>
          <ProviderMark small name={found.endpoint ?? ''} />
          <Name>{found.endpoint}</Name>
          <More than={found.endpoints} />
        </Line>
      )
    case 'models_discovered':
      return <Line>{plural(found.models, 'model')}</Line>
    case 'model_granted':
      return (
        <Line>
          <Name>{found.group}</Name>
          <More than={found.groups} />
          <span className="text-faint">·</span>
          <span className="whitespace-nowrap">
            {found.models_granted === found.models
              ? plural(found.models, 'model')
              : `${found.models_granted} of ${plural(found.models, 'model')}`}
          </span>
        </Line>
      )
    case 'key_made':
      return (
        <Line>
          <code className="truncate font-mono text-xs text-ink">{found.key_prefix}…</code>
        </Line>
      )
    case 'request_answered':
      return (
        <Line>
          <code className="truncate font-mono text-xs text-ink">{found.request_model}</code>
          <span className="text-faint">·</span>
          <Time at={found.request_at} />
        </Line>
      )
  }
}

function Line({ children }: { children: ReactNode }) {
  return <p className="flex min-h-6 min-w-0 items-center gap-1.5 sm:justify-end">{children}</p>
}

function Name({ children }: { children: ReactNode }) {
  return <span className="truncate text-ink">{children}</span>
}

/** How many there are besides the one that is named. */
function More({ than }: { than: number }) {
  if (than < 2) return null
  return <span className="whitespace-nowrap">and {than - 1} more</span>
}

/** What was asked for beside what was said: closed, because it is seldom wanted. */
import { Disclosure } from '@/components/disclosure'

interface ParametersProps {
  parameters: readonly (readonly [name: string, value: string])[]
  tools?: readonly string[]
}

export function Parameters({ parameters, tools = [] }: ParametersProps) {
  if (parameters.length === 0 && tools.length === 0) return null
  const names = parameters.map(([name]) => name).join(', ')
  return (
    <Disclosure
      className="rounded-lg border border-line bg-sunken px-3 py-2"
      summary={[
        ...(tools.length > 0 ? [`Tools: ${tools.join(', ')}`] : []),
        ...(parameters.length > 0 ? [`Parameters: ${names}`] : []),
      ].join(' · ')}
      summaryClassName="text-soft hover:text-ink"
    >
      <dl className="mt-2 grid gap-1 font-mono text-xs">
        {parameters.map(([name, value]) => (
          <div key={name} className="flex gap-3">
            <dt className="shrink-0 text-faint">{name}</dt>
            <dd className="min-w-0 break-words whitespace-pre-wrap">{value}</dd>
          </div>
        ))}
      </dl>
    </Disclosure>
  )
}

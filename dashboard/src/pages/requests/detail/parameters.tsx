/** What was asked for beside what was said: closed, because it is seldom wanted. */
interface ParametersProps {
  parameters: readonly (readonly [name: string, value: string])[]
  tools?: readonly string[]
}

export function Parameters({ parameters, tools = [] }: ParametersProps) {
  if (parameters.length === 0 && tools.length === 0) return null
  const names = parameters.map(([name]) => name).join(', ')
  return (
    <details className="rounded-lg border border-line bg-sunken px-3 py-2">
      <summary className="cursor-pointer text-soft">
        {tools.length > 0 && `Tools: ${tools.join(', ')}`}
        {tools.length > 0 && parameters.length > 0 && ' · '}
        {parameters.length > 0 && `Parameters: ${names}`}
      </summary>
      <dl className="mt-2 grid gap-1 font-mono text-xs">
        {parameters.map(([name, value]) => (
          <div key={name} className="flex gap-3">
            <dt className="shrink-0 text-faint">{name}</dt>
            <dd className="min-w-0 break-words whitespace-pre-wrap">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

/** The tools that a reply called, and the results that the person enters for them. */
import { Wrench } from 'lucide-react'
import { useState } from 'react'
import { CodeBlock } from '@/components/code-block'
import { FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { TextArea } from '@/design/field'
import { plural } from '@/format/number'
import type { ToolCall } from './conversation'
import { parsed } from './json'

interface ToolCallsProps {
  calls: readonly ToolCall[]
  /** Where the conversation waits for the results. */
  onResults?: ((results: Readonly<Record<string, string>>) => void) | undefined
}

export function ToolCalls({ calls, onResults }: ToolCallsProps) {
  const [results, setResults] = useState<Readonly<Record<string, string>>>({})
  const complete = calls.every(({ id }) => (results[id] ?? '').trim() !== '')
  return (
    <div className="space-y-3">
      {calls.map((call) => (
        <div key={call.id} className="space-y-2 rounded-md border border-line p-2.5">
          <p className="flex items-center gap-1.5 font-medium">
            <Wrench className="size-3.5 text-faint" aria-hidden /> {call.name}
          </p>
          <CodeBlock code={readable(call.arguments)} language="json" label={`Arguments of ${call.name}`} />
          {onResults === undefined ? (
            call.result !== '' && (
              <p className="font-mono text-xs break-words whitespace-pre-wrap text-soft">→ {call.result}</p>
            )
          ) : (
            <FormField label={`Result of ${call.name}`}>
              {(control) => (
                <TextArea
                  {...control}
                  className="max-h-48 min-h-8 font-mono text-xs leading-5"
                  placeholder="What the tool gives back: JSON or text"
                  value={results[call.id] ?? ''}
                  onChange={(event) => setResults({ ...results, [call.id]: event.target.value })}
                />
              )}
            </FormField>
          )}
        </div>
      ))}
      {onResults !== undefined && (
        <Button variant="primary" size="sm" disabled={!complete} onClick={() => onResults(results)}>
          Send {plural(calls.length, 'result')}
        </Button>
      )}
    </div>
  )
}

function readable(json: string): string {
  const value = parsed(json)
  return value === undefined ? json : JSON.stringify(value, null, 2)
}

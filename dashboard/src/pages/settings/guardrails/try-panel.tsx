import { useState } from 'react'
import { Badge, Status, type Tone } from '@/components/badge'
import { FormField } from '@/components/form-field'
import { Panel } from '@/components/panel'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { TextArea } from '@/design/field'
import { Segments } from '@/design/tabs'
import { useTrial } from './queries'

const STAGES = [
  { value: 'request', label: 'As a request' },
  { value: 'answer', label: 'As an answer' },
] as const
const ACTIONS = {
  allow: { tone: 'good', name: 'It passes' },
  redact: { tone: 'warn', name: 'It passes, redacted' },
  block: { tone: 'bad', name: 'It is blocked' },
} as const
const RESULTS: Record<string, Tone> = { passed: 'good', redacted: 'warn', blocked: 'bad', failed: 'bad' }

export function TryPanel() {
  const [text, setText] = useState('')
  const [stage, setStage] = useState<(typeof STAGES)[number]['value']>('request')
  const trial = useTrial()
  const tried = trial.data
  return (
    <Panel
      title="Try a text"
      description="What the guardrails that are on would do with it. Services are asked; nothing is kept."
      footer={
        <>
          <Segments label="Stage" value={stage} onChange={setStage} options={STAGES} />
          <Button
            disabled={text === ''}
            busy={trial.isPending}
            onClick={() => trial.mutate({ text, stage }, { onError: sayProblem })}
          >
            Try it
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <FormField label="Text">
          {(control) => (
            <TextArea
              {...control}
              className="max-h-60"
              value={text}
              onChange={(event) => setText(event.target.value)}
              placeholder="My card is 4111111111111111."
            />
          )}
        </FormField>
        {tried !== undefined && (
          <div role="status" className="space-y-2">
            <Badge tone={ACTIONS[tried.action].tone}>{ACTIONS[tried.action].name}</Badge>
            {tried.action === 'redact' && (
              <pre className="max-h-60 overflow-y-auto rounded-lg border border-line bg-sunken p-3 font-mono text-xs break-words whitespace-pre-wrap">
                {tried.text}
              </pre>
            )}
            {tried.outcomes.length === 0 ? (
              <p className="text-soft">No guardrail looks at it.</p>
            ) : (
              <ul aria-label="Guardrails asked" className="space-y-1">
                {tried.outcomes.map((outcome) => (
                  <li key={outcome.id} className="flex flex-wrap items-center gap-2">
                    <span className="font-medium">{outcome.name}</span>
                    <Status tone={RESULTS[outcome.result] ?? 'neutral'}>{outcome.result}</Status>
                    {outcome.reason !== null && <span className="text-xs text-faint">{outcome.reason}</span>}
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
      </div>
    </Panel>
  )
}

import { useState } from 'react'
import { FormField } from '@/components/form-field'
import { Panel } from '@/components/panel'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { TextArea } from '@/design/field'
import { plural } from '@/format/number'
import { usePreview } from './queries'

export function PreviewPanel() {
  const [text, setText] = useState('')
  const preview = usePreview()
  const found = Object.entries(preview.data?.found ?? {}).filter(([, times]) => times > 0)
  return (
    <Panel
      title="Preview"
      description="What would be kept of a text, by the rules that are on. The text itself is not kept."
      footer={
        <Button
          disabled={text === ''}
          busy={preview.isPending}
          onClick={() => preview.mutate(text, { onError: sayProblem })}
        >
          Show what is kept
        </Button>
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
              placeholder="I am jo@example.org, and my card is 4111 1111 1111 1111."
            />
          )}
        </FormField>
        {preview.data !== undefined && (
          <div role="status" className="space-y-1.5">
            <p className="font-medium">Kept</p>
            <pre className="max-h-60 overflow-y-auto rounded-lg border border-line bg-sunken p-3 font-mono text-xs break-words whitespace-pre-wrap">
              {preview.data.text}
            </pre>
            <p className="text-xs text-faint">
              {found.length === 0
                ? 'No rule finds anything in it.'
                : found.map(([rule, times]) => `${rule}: ${plural(times, 'time')}`).join(' · ')}
            </p>
          </div>
        )}
      </div>
    </Panel>
  )
}

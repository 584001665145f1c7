/** What goes with every prompt: the system prompt, the parameters, the tools. */
import { useId } from 'react'
import { FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { Input, Select, Switch, TextArea } from '@/design/field'
import {
  EFFORTS,
  NO_PARAMETERS,
  NUMBERS,
  readTools,
  requestFields,
  SAMPLE_TOOL,
  type Parameters,
} from './parameters'
import { usePlayground, useStore } from './store'

/** What a list of choices has in place of nothing. */
const DEFAULT = 'default'
const CODE = 'max-h-72 font-mono text-xs leading-5'

export function Settings() {
  const store = useStore()
  const switchId = useId()
  const system = usePlayground((state) => state.system)
  const parameters = usePlayground((state) => state.parameters)
  const { wrong } = requestFields(parameters)
  const change = (changes: Partial<Parameters>) => store.set({ parameters: { ...parameters, ...changes } })
  const changed = parameters !== NO_PARAMETERS && JSON.stringify(parameters) !== JSON.stringify(NO_PARAMETERS)
  return (
    <div className="space-y-4">
      <FormField label="System prompt">
        {(control) => (
          <TextArea
            {...control}
            className="max-h-60"
            placeholder="Who the model is, and how it answers."
            value={system}
            onChange={(event) => store.set({ system: event.target.value })}
          />
        )}
      </FormField>
      <div className="grid grid-cols-2 items-start gap-3">
        {NUMBERS.map(({ name, label, hint }) => (
          <FormField key={name} label={label} hint={hint} error={wrong[name]}>
            {(control) => (
              <Input
                {...control}
                inputMode="decimal"
                placeholder="Default"
                value={parameters[name]}
                onChange={(event) => change({ [name]: event.target.value })}
              />
            )}
          </FormField>
        ))}
      </div>
      <FormField label="Reasoning effort">
        {(control) => (
          <Select
            {...control}
            value={parameters.reasoning_effort || DEFAULT}
            onChange={(effort) => change({ reasoning_effort: effort === DEFAULT ? '' : effort })}
            options={[
              { value: DEFAULT, label: 'Default' },
              ...EFFORTS.map((effort) => ({
                value: effort,
                label: effort.charAt(0).toUpperCase() + effort.slice(1),
              })),
            ]}
          />
        )}
      </FormField>
      <FormField label="Stop sequences" hint="One a line.">
        {(control) => (
          <TextArea
            {...control}
            className="max-h-32 min-h-8 font-mono text-xs leading-5"
            value={parameters.stop}
            onChange={(event) => change({ stop: event.target.value })}
          />
        )}
      </FormField>
      <label htmlFor={switchId} className="flex items-center justify-between gap-2 font-medium">
        Stream
        <Switch id={switchId} checked={parameters.stream} onCheckedChange={(stream) => change({ stream })} />
      </label>
      <FormField label="Tools" hint={<ToolsHint text={parameters.tools} />} error={wrong.tools}>
        {(control) => (
          <TextArea
            {...control}
            className={CODE}
            spellCheck={false}
            placeholder='[{"name": …, "parameters": …}]'
            value={parameters.tools}
            onChange={(event) => change({ tools: event.target.value })}
          />
        )}
      </FormField>
      {parameters.tools.trim() === '' && (
        <Button size="sm" onClick={() => change({ tools: SAMPLE_TOOL })}>
          Insert an example tool
        </Button>
      )}
      <FormField label="More fields" hint="JSON, added to each request as it is." error={wrong.extra}>
        {(control) => (
          <TextArea
            {...control}
            className={CODE}
            spellCheck={false}
            placeholder='{"tool_choice": "auto"}'
            value={parameters.extra}
            onChange={(event) => change({ extra: event.target.value })}
          />
        )}
      </FormField>
      {changed && (
        <Button size="sm" variant="ghost" onClick={() => change(NO_PARAMETERS)}>
          Reset to defaults
        </Button>
      )}
    </div>
  )
}

function ToolsHint({ text }: { text: string }) {
  const { tools } = readTools(text)
  if (tools.length === 0) return 'Definitions in JSON. Calls are shown, and you enter their results.'
  return `${tools.length} defined. Calls are shown, and you enter their results.`
}

/** From a model to a first request: pick a key, or make one on the spot, and copy. */
import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useId, useState } from 'react'
import { asProblem } from '@/api/problem'
import { CodeBlock, CopyButton } from '@/components/code-block'
import { FormError, FormField } from '@/components/form-field'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Select, Switch } from '@/design/field'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { freeName } from '@/format/name'
import { keyChoicesOptions, knownSecret, useCreateKey } from '@/pages/api-keys/queries'
import { useAiBaseUrl, useCan } from '@/session/session'
import type { Model } from './queries'
import { kindsOf, snippet, streams } from './snippets'

const PLACEHOLDER = 'YOUR_API_KEY'
const LANGUAGE_KEY = 'snippet-language'

export function ApiDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const switchId = useId()
  const can = useCan()
  const baseUrl = useAiBaseUrl()
  const [chosen, setChosen] = useState<string>()
  const [stream, setStream] = useState(true)
  const type = model.model_type
  const kinds = kindsOf(type)
  const [kind, setKind] = useState(() => {
    const kept = localStorage.getItem(LANGUAGE_KEY)
    return kinds.find((each) => each.kind === kept)?.kind ?? kinds[0]?.kind ?? 'curl'
  })
  const secret = chosen === undefined ? undefined : knownSecret(chosen)
  const options = {
    baseUrl,
    key: secret ?? PLACEHOLDER,
    model: model.alias,
    type,
    stream: stream && streams(type),
  }
  return (
    <Dialog
      open
      onClose={onClose}
      className="max-w-3xl"
      title={`Use ${model.display_name ?? model.alias}`}
      description="All that a program needs is this base URL and a key of yours."
    >
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-lg border border-line bg-sunken py-1.5 pr-1.5 pl-3">
        <span className="min-w-0">
          <span className="text-faint">Base URL</span>{' '}
          <code className="font-mono text-xs break-all">{baseUrl}</code>
        </span>
        <CopyButton text={baseUrl} label="Copy base URL" />
      </div>
      {can('Read', 'ApiKeys', 'own') && <KeyChoice model={model} chosen={chosen} onChoose={setChosen} />}
      <Tabs
        value={kind}
        onValueChange={(next) => {
          const found = kinds.find((each) => each.kind === next)
          if (found === undefined) return
          localStorage.setItem(LANGUAGE_KEY, found.kind)
          setKind(found.kind)
        }}
        className="mt-4"
      >
        <TabList aria-label="Language">
          {kinds.map((each) => (
            <Tab key={each.kind} value={each.kind}>
              {each.name}
            </Tab>
          ))}
        </TabList>
        {kinds.map((each) => (
          <TabPanel key={each.kind} value={each.kind} className="mt-3 outline-none">
            <div className="mb-2 flex min-h-5 items-center justify-between gap-4 text-xs text-faint">
              {each.install === undefined ? (
                <span />
              ) : (
                <span>
                  Needs <code className="font-mono text-soft">{each.install}</code>
                </span>
              )}
              {streams(type) && (
                <label htmlFor={switchId} className="flex items-center gap-2 text-soft">
                  Stream
                  <Switch id={switchId} checked={stream} onCheckedChange={setStream} />
                </label>
              )}
            </div>
            <CodeBlock
              code={snippet(each.kind, options)}
              language={each.language}
              label={`${each.name} snippet for ${model.alias}`}
            />
          </TabPanel>
        ))}
      </Tabs>
    </Dialog>
  )
}

interface KeyChoiceProps {
  model: Model
  chosen: string | undefined
  onChoose: (keyId: string) => void
}

function KeyChoice({ model, chosen, onChoose }: KeyChoiceProps) {
  const can = useCan()
  const keys = useQuery(keyChoicesOptions)
  const create = useCreateKey()
  const usable = (keys.data?.data ?? []).filter((key) => key.purpose === 'realtime')
  const picked = usable.find((key) => key.id === chosen)
  const make = async () => {
    const names = new Set((keys.data?.data ?? []).map((key) => key.name))
    const made = await create.mutateAsync({
      name: freeName(model.alias, names),
      purpose: 'realtime',
      zero_data_retention: false,
    })
    onChoose(made.id)
  }
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap items-end gap-2">
        <FormField label="Key" className="min-w-48 flex-1">
          {(control) => (
            <Select
              {...control}
              value={chosen ?? ''}
              onChange={onChoose}
              placeholder={
                keys.isPending ? 'Loading…' : usable.length === 0 ? 'You have no keys yet' : 'Choose a key'
              }
              options={usable.map((key) => ({ value: key.id, label: `${key.name} (${key.prefix}…)` }))}
            />
          )}
        </FormField>
        {can('Create', 'ApiKeys', 'own') && (
          <Button busy={create.isPending} onClick={() => void make().catch(() => undefined)}>
            <Plus aria-hidden /> Make a new key
          </Button>
        )}
      </div>
      <FormError>{create.error === null ? undefined : asProblem(create.error).message}</FormError>
      <p className="text-xs text-faint" role="status">
        {picked === undefined
          ? `Put the secret of a key in place of ${PLACEHOLDER}, or make a new key here.`
          : knownSecret(picked.id) === undefined
            ? `The secret of ${picked.name} was shown when it was made. Put it in place of ${PLACEHOLDER}.`
            : `The snippets hold the secret of ${picked.name}. It is not shown again once you leave this page.`}
      </p>
    </div>
  )
}

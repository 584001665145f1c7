/** What the page sends next, as a program says it. */
import { useState } from 'react'
import { CodeBlock } from '@/components/code-block'
import { Dialog } from '@/design/dialog'
import { Select } from '@/design/field'
import { Tab, TabList, TabPanel, Tabs } from '@/design/tabs'
import { kindsOf, snippet } from '@/pages/models/snippets'
import { useAiBaseUrl } from '@/session/session'
import { isEmpty, type Column, type ModelName } from './conversation'
import { embeddingsRequest } from './embeddings'
import type { JsonRecord } from './json'
import type { Mode } from './queries'
import { chatRequest } from './replying'
import { rerankRequest } from './rerank'
import type { PlaygroundState } from './state'
import { useStore } from './store'

const KINDS = new Set(['python', 'node', 'curl'])
const TYPES: Record<Mode, string> = { chat: 'CHAT', embeddings: 'EMBEDDINGS', rerank: 'RERANKER' }
/** A picture in a URL is too long to be read; what is copied has all of it. */
const LONG_URL = /(data:image\/[^"']{60})[^"']+/g

export function CodeDialog({ mode, onClose }: { mode: Mode; onClose: () => void }) {
  const baseUrl = useAiBaseUrl()
  const { state } = useStore()
  const columns = state.columns.filter(hasModel)
  const [columnId, setColumnId] = useState(columns[0]?.id)
  const column = columns.find(({ id }) => id === columnId)
  const type = TYPES[mode]
  const kinds = kindsOf(type).filter(({ kind }) => KINDS.has(kind))
  const request = column === undefined ? {} : requestOf(mode, state, column)
  return (
    <Dialog
      open
      onClose={onClose}
      className="max-w-3xl"
      title="The request as code"
      description="What is sent next, with all that was said before. Put in a key of yours."
    >
      {mode === 'chat' && columns.length > 1 && (
        <Select
          aria-label="Model"
          className="mb-3 max-w-72"
          value={columnId ?? ''}
          onChange={setColumnId}
          options={columns.map(({ id, model }, index) => ({
            value: id,
            label: `${index + 1}. ${model.alias}`,
          }))}
        />
      )}
      <Tabs defaultValue={kinds[0]?.kind}>
        <TabList aria-label="Language">
          {kinds.map(({ kind, name }) => (
            <Tab key={kind} value={kind}>
              {name}
            </Tab>
          ))}
        </TabList>
        {kinds.map(({ kind, name, language }) => {
          const code = snippet(kind, {
            baseUrl,
            key: 'YOUR_API_KEY',
            model: column?.model.alias ?? '',
            type,
            stream: mode === 'chat' && state.parameters.stream,
            request,
          })
          return (
            <TabPanel key={kind} value={kind} className="mt-3 outline-none">
              <CodeBlock
                code={code}
                shown={code.replace(LONG_URL, '$1…')}
                language={language}
                label={`The request in ${name}`}
              />
            </TabPanel>
          )
        })}
      </Tabs>
    </Dialog>
  )
}

/** Without model and stream, which the snippet adds. */
function requestOf(mode: Mode, state: PlaygroundState, column: { id: string; model: ModelName }): JsonRecord {
  if (mode === 'embeddings') return embeddingsRequest(state.texts)
  if (mode === 'rerank') return rerankRequest(state.query, state.documents)
  // With nothing written, the last prompt is what was sent.
  const next = isEmpty(state.draft)
    ? state.turns.map((turn, index) => (index < state.turns.length - 1 ? turn : { ...turn, replies: {} }))
    : [...state.turns, { id: 'next', replies: {}, ...state.draft }]
  const request = chatRequest(column.model.alias, state.parameters, state.system, next, column.id)
  return Object.fromEntries(
    Object.entries(request).filter(([name]) => !['model', 'stream', 'stream_options'].includes(name)),
  )
}

function hasModel(column: Column): column is Column & { model: ModelName } {
  return column.model !== undefined
}

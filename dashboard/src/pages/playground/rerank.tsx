/** Documents put in order by how well they answer a query. */
import { ListOrdered } from 'lucide-react'
import { FormField } from '@/components/form-field'
import { EmptyState } from '@/components/page'
import { Button } from '@/design/button'
import { TextArea } from '@/design/field'
import { useAskedOnce, type Outcome } from './asked-once'
import { Figures } from './figures'
import { numberIn, recordsIn, type JsonRecord } from './json'
import { ProblemNote } from './problem-note'
import { usePlayground, useStore } from './store'
import { TextList } from './text-list'
import { usageOf } from './usage'

const MOST_DOCUMENTS = 50

export function Rerank() {
  const store = useStore()
  const model = usePlayground(({ columns }) => columns[0]?.model)
  const query = usePlayground((state) => state.query)
  const documents = usePlayground((state) => state.documents)
  const { busy, outcome, problem, ask } = useAskedOnce('/rerank')
  const ready = query.trim() !== '' && documents.some((text) => text.trim() !== '')
  const rank = () => {
    if (model !== undefined) ask(model, rerankRequest(query, documents))
  }
  return (
    <div className="grid grid-cols-1 items-start gap-6 lg:grid-cols-2">
      <section aria-label="Query and documents" className="space-y-4">
        <FormField label="Query">
          {(control) => (
            <TextArea
              {...control}
              className="max-h-40 min-h-8"
              value={query}
              onChange={(event) => store.set({ query: event.target.value })}
            />
          )}
        </FormField>
        <TextList
          name="Document"
          texts={documents}
          most={MOST_DOCUMENTS}
          onChange={(changed) => store.set({ documents: changed })}
        />
        <Button variant="primary" busy={busy} disabled={model === undefined || !ready} onClick={rank}>
          Rank documents
        </Button>
        {!ready && <p className="text-xs text-faint">Write a query and at least one document.</p>}
      </section>
      <section aria-label="Order" className="min-w-0 space-y-3" aria-live="polite">
        {problem !== undefined && <ProblemNote problem={problem} onRetry={rank} />}
        {problem === undefined && outcome === undefined && (
          <EmptyState
            icon={<ListOrdered />}
            title="Nothing ranked yet"
            className="rounded-lg border border-line"
          >
            The model gives each document a score for the query. The best one comes first.
          </EmptyState>
        )}
        {problem === undefined && outcome !== undefined && <Ranked outcome={outcome} />}
      </section>
    </div>
  )
}

export function rerankRequest(query: string, documents: readonly string[]): JsonRecord {
  return { query, documents: documents.filter((text) => text.trim() !== '') }
}

interface Scored {
  index: number
  score: number
}

/** Cohere, Jina and vLLM say `results`, Voyage `data`. */
function scoresOf(answer: JsonRecord): Scored[] {
  const results = Array.isArray(answer.results) ? recordsIn(answer, 'results') : recordsIn(answer, 'data')
  return results
    .map((each) => ({
      index: numberIn(each, 'index') ?? -1,
      score: numberIn(each, 'relevance_score') ?? numberIn(each, 'score') ?? 0,
    }))
    .sort((first, second) => second.score - first.score)
}

function Ranked({ outcome }: { outcome: Outcome }) {
  const documents = outcome.request.documents as string[]
  const scores = scoresOf(outcome.answer)
  if (scores.length === 0 || scores.some(({ index }) => documents[index] === undefined)) {
    return <ProblemNote problem={{ status: 502, code: 'unreadable', message: 'The answer has no scores.' }} />
  }
  const best = Math.max(scores[0]?.score ?? 0, Number.EPSILON)
  return (
    <>
      <ol
        aria-label="Documents by score"
        className="divide-y divide-line rounded-lg border border-line bg-surface"
      >
        {scores.map(({ index, score }, place) => (
          <li key={index} className="flex items-start gap-3 px-3 py-2.5">
            <span className="w-5 shrink-0 text-right text-faint tabular-nums">{place + 1}</span>
            <div className="min-w-0 flex-1 space-y-1.5">
              <p className="line-clamp-4 break-words whitespace-pre-wrap">{documents[index]}</p>
              <meter
                aria-label={`Score of document ${index + 1}`}
                min={0}
                max={best}
                value={Math.max(score, 0)}
                className="score"
              />
            </div>
            <span className="shrink-0 font-medium tabular-nums">{score.toFixed(4)}</span>
          </li>
        ))}
      </ol>
      <Figures model={outcome.model} usage={usageOf(outcome.answer.usage)} totalMs={outcome.totalMs} />
    </>
  )
}

/** Texts compared by an embedding model: how near each is to each. */
import { Grid2x2 } from 'lucide-react'
import { EmptyState } from '@/components/page'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Tooltip } from '@/design/menu'
import { useAskedOnce, type Outcome } from './asked-once'
import { Figures } from './figures'
import { recordsIn, type JsonRecord } from './json'
import { ProblemNote } from './problem-note'
import { similarities } from './similarity'
import { usePlayground, useStore } from './store'
import { TextList } from './text-list'
import { usageOf } from './usage'

const MOST_TEXTS = 24
/** The nearer two texts are, the more colour; what it says stands in the cell as well. */
const SHADES = ['', 'bg-accent/8', 'bg-accent/16', 'bg-accent/24', 'bg-accent/32'] as const

export function Embeddings() {
  const store = useStore()
  const model = usePlayground(({ columns }) => columns[0]?.model)
  const texts = usePlayground((state) => state.texts)
  const { busy, outcome, problem, ask } = useAskedOnce('/embeddings')
  const written = texts.filter((text) => text.trim() !== '')
  const compare = () => {
    if (model !== undefined) ask(model, embeddingsRequest(texts))
  }
  return (
    <div className="grid grid-cols-1 items-start gap-6 lg:grid-cols-2">
      <section aria-label="Texts" className="space-y-3">
        <TextList
          name="Text"
          texts={texts}
          most={MOST_TEXTS}
          onChange={(changed) => store.set({ texts: changed })}
        />
        <Button
          variant="primary"
          busy={busy}
          disabled={model === undefined || written.length < 2}
          onClick={compare}
        >
          Compare
        </Button>
        {written.length < 2 && <p className="text-xs text-faint">Write at least two texts.</p>}
      </section>
      <section aria-label="Similarity" className="min-w-0 space-y-3" aria-live="polite">
        {problem !== undefined && <ProblemNote problem={problem} onRetry={compare} />}
        {problem === undefined && outcome === undefined && (
          <EmptyState
            icon={<Grid2x2 />}
            title="Nothing compared yet"
            className="rounded-lg border border-line"
          >
            The model turns each text into a vector. The closer two vectors point in one direction, the more
            alike are their texts.
          </EmptyState>
        )}
        {problem === undefined && outcome !== undefined && <Compared outcome={outcome} />}
      </section>
    </div>
  )
}

export function embeddingsRequest(texts: readonly string[]): JsonRecord {
  return { input: texts.filter((text) => text.trim() !== ''), encoding_format: 'float' }
}

function vectorsOf(answer: JsonRecord): number[][] {
  return recordsIn(answer, 'data').map(({ embedding }) =>
    Array.isArray(embedding) ? embedding.map(Number) : [],
  )
}

function Compared({ outcome }: { outcome: Outcome }) {
  const vectors = vectorsOf(outcome.answer)
  const texts = outcome.request.input as string[]
  if (vectors.length !== texts.length || vectors.some(({ length }) => length !== vectors[0]?.length)) {
    return (
      <ProblemNote
        problem={{ status: 502, code: 'unreadable', message: 'The answer has not a vector for each text.' }}
      />
    )
  }
  return (
    <>
      <Matrix texts={texts} values={similarities(vectors)} />
      <div className="flex flex-wrap items-center gap-x-3 text-xs text-faint">
        <span>{vectors[0]?.length ?? 0} dimensions</span>
        <Figures model={outcome.model} usage={usageOf(outcome.answer.usage)} totalMs={outcome.totalMs} />
      </div>
    </>
  )
}

function Matrix({ texts, values }: { texts: readonly string[]; values: readonly (readonly number[])[] }) {
  return (
    <div
      className="overflow-x-auto rounded-lg border border-line bg-surface"
      tabIndex={0}
      role="region"
      aria-label="Similarity matrix"
    >
      <table className="w-full border-collapse text-center tabular-nums">
        <caption className="sr-only">Cosine similarity of each text with each</caption>
        <thead>
          <tr>
            <td />
            {texts.map((text, index) => (
              <th key={index} scope="col" className="h-9 min-w-14 px-2 font-medium">
                <TextName text={text} index={index} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {values.map((row, index) => (
            <tr key={index} className="border-t border-line">
              <th scope="row" className="h-9 max-w-40 truncate px-3 text-left font-medium">
                <span className="text-faint">{index + 1}</span>{' '}
                <span className="font-normal text-soft">{texts[index]}</span>
              </th>
              {row.map((value, at) => (
                <td key={at} className={cn('px-2', shade(value))}>
                  {value.toFixed(3).replace('-', '−')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function TextName({ text, index }: { text: string; index: number }) {
  return (
    <Tooltip label={<span className="line-clamp-6">{text}</span>}>
      <span>{index + 1}</span>
    </Tooltip>
  )
}

function shade(value: number): string {
  return SHADES[Math.min(Math.max(Math.floor(value * SHADES.length), 0), SHADES.length - 1)] ?? ''
}

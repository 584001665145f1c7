import type { ReactNode } from 'react'
import { Badge } from '@/components/badge'
import { PlainTable } from '@/components/plain-table'
import type { Contents, Ranked, Vector } from '../contents'
import { Parameters } from './parameters'
import { Picture } from './picture'
import { Sound } from './sound'
import { unknown } from '../parts'

const TEXT = 'break-words whitespace-pre-wrap'

export function ContentsView({ contents, cut }: { contents: Contents; cut: boolean }) {
  return (
    <div className="grid gap-5">
      <Parameters parameters={contents.parameters} />
      <Shown contents={contents} />
      {contents.error !== undefined && (
        <p role="alert" className="rounded-md bg-bad-well px-3 py-2 text-bad">
          {contents.error}
        </p>
      )}
      {cut && <p className="text-xs text-warn">Only the beginning of it is kept.</p>}
    </div>
  )
}

function Shown({ contents }: { contents: Contents }) {
  switch (contents.kind) {
    case 'embeddings':
      return <Embeddings texts={contents.texts} vectors={contents.vectors} />
    case 'ranking':
      return <Ranking query={contents.query} documents={contents.documents} />
    case 'images':
      return (
        <>
          <Asked title="Prompt">{contents.prompt}</Asked>
          <Section title="Answer">
            {contents.images.length === 0 && <p className="text-soft">No picture is kept.</p>}
            <div className="flex flex-wrap gap-3">
              {contents.images.map(({ source, prompt }, index) => (
                <figure key={index} className="min-w-0">
                  <Picture source={source} alt={prompt === '' ? contents.prompt : prompt} />
                  {prompt !== '' && <figcaption className="mt-1 text-xs text-soft">{prompt}</figcaption>}
                </figure>
              ))}
            </div>
          </Section>
        </>
      )
    case 'speech':
      return (
        <>
          <Asked title="Text">{contents.said}</Asked>
          <Section title="Answer">
            {contents.sound === '' ? (
              <p className="text-soft">No sound is kept.</p>
            ) : (
              <Sound source={contents.sound} label="What was answered" />
            )}
          </Section>
        </>
      )
    case 'transcript':
      return (
        <Section title="Transcript">
          <p className={TEXT}>{contents.said === '' ? unknown : contents.said}</p>
        </Section>
      )
    case 'moderation':
      return <Moderation texts={contents.texts} verdicts={contents.verdicts} />
  }
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1.5 font-medium">{title}</h3>
      {children}
    </section>
  )
}

function Asked({ title, children }: { title: string; children: string }) {
  return (
    <Section title={title}>
      <p className={`text-base ${TEXT}`}>{children === '' ? unknown : children}</p>
    </Section>
  )
}

function Embeddings({ texts, vectors }: { texts: readonly string[]; vectors: readonly Vector[] }) {
  const rows = Array.from({ length: Math.max(texts.length, vectors.length) }, (_, index) => ({
    index,
    said: texts[index],
    vector: vectors[index],
  }))
  return (
    <div className="rounded-lg border border-line">
      <PlainTable
        label="Texts and their vectors"
        rows={rows}
        rowId={({ index }) => String(index)}
        columns={[
          { head: 'Text', cell: ({ said }) => said ?? unknown, className: `py-2 ${TEXT}` },
          { head: 'Dimensions', numeric: true, cell: ({ vector }) => vector?.dimensions ?? unknown },
          {
            head: 'Begins with',
            from: 'sm',
            className: 'font-mono text-xs whitespace-nowrap text-soft',
            cell: ({ vector }) => vector?.begins.map((value) => value.toFixed(4)).join(', ') ?? unknown,
          },
        ]}
      />
    </div>
  )
}

function Ranking({ query, documents }: { query: string; documents: readonly Ranked[] }) {
  const rows = documents.map((document, index) => ({ ...document, index }))
  return (
    <>
      <Asked title="Query">{query}</Asked>
      <div className="rounded-lg border border-line">
        <PlainTable
          label="Documents, the best first"
          rows={rows}
          rowId={({ index }) => String(index)}
          columns={[
            { head: 'Document', cell: ({ text }) => text, className: `py-2 ${TEXT}` },
            { head: 'Score', numeric: true, cell: ({ score }) => score?.toFixed(4) ?? unknown },
          ]}
        />
      </div>
    </>
  )
}

type ModerationProps = Pick<Extract<Contents, { kind: 'moderation' }>, 'texts' | 'verdicts'>

function Moderation({ texts, verdicts }: ModerationProps) {
  const rows = Array.from({ length: Math.max(texts.length, verdicts.length) }, (_, index) => ({
    index,
    said: texts[index],
    verdict: verdicts[index],
  }))
  return (
    <ul className="grid gap-3">
      {rows.map(({ index, said, verdict }) => (
        <li key={index} className="rounded-lg border border-line px-3 py-2">
          <p className={TEXT}>{said ?? unknown}</p>
          {verdict !== undefined && (
            <p className="mt-2 flex flex-wrap gap-1">
              <Badge tone={verdict.flagged ? 'bad' : 'good'}>
                {verdict.flagged ? 'Flagged' : 'Not flagged'}
              </Badge>
              {verdict.categories.map((name) => (
                <Badge key={name}>{name}</Badge>
              ))}
            </p>
          )}
        </li>
      ))}
    </ul>
  )
}

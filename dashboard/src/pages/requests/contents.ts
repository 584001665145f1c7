/** What was asked and answered where it was no conversation: embeddings, rankings, images, sounds, verdicts. Pure. */
import { answerOf } from './conversation'
import { list, object, pretty, text, type Json } from './json'
import type { Detail } from './queries'

export interface Vector {
  dimensions: number
  /** The first of its values. */
  begins: readonly number[]
}

export interface Ranked {
  text: string
  score: number | undefined
}

export type Contents = (
  | { kind: 'embeddings'; texts: string[]; vectors: Vector[] }
  | { kind: 'ranking'; query: string; documents: Ranked[] }
  | { kind: 'images'; prompt: string; images: { source: string; prompt: string }[] }
  | { kind: 'speech'; said: string; sound: string }
  | { kind: 'transcript'; said: string }
  | { kind: 'moderation'; texts: string[]; verdicts: { flagged: boolean; categories: string[] }[] }
) & {
  parameters: (readonly [name: string, value: string])[]
  /** What the answer says went wrong. */
  error: string | undefined
}

type Kind = Contents['kind']

const KINDS: readonly (readonly [end: RegExp, kind: Kind])[] = [
  [/\/embeddings$/, 'embeddings'],
  [/\/rerank$/, 'ranking'],
  [/\/images\/(generations|edits|variations)$/, 'images'],
  [/\/audio\/speech$/, 'speech'],
  [/\/audio\/(transcriptions|translations)$/, 'transcript'],
  [/\/moderations$/, 'moderation'],
]
const SHOWN_APART = ['model', 'input', 'prompt', 'query', 'documents']
const SHOWN_VALUES = 4
const FLOAT_BYTES = 4

/** `undefined` where it was something else. */
export function contentsOf(request: Detail): Contents | undefined {
  const { bodies } = request
  const path = request.uri.split('?')[0]?.replace(/\/$/, '') ?? ''
  const kind = KINDS.find(([end]) => end.test(path))?.[1]
  if (bodies == null || kind === undefined) return undefined
  const asked = bodies.request.kind === 'json' ? object(bodies.request.content) : {}
  const answer = answerOf(bodies.response)
  const parameters = Object.entries(asked)
    .filter(([name, value]) => !SHOWN_APART.includes(name) && value !== null)
    .map(([name, value]) => [name, pretty(value)] as const)
  return { ...READ[kind](asked, answer, request), parameters, error: errorOf(answer) } as Contents
}

function errorOf({ error }: Json): string | undefined {
  return error == null ? undefined : text(object(error).message) || pretty(error)
}

const READ: Record<Kind, (asked: Json, answer: Json, request: Detail) => Json> = {
  embeddings: (asked, answer) => ({
    kind: 'embeddings',
    texts: textsOf(asked.input),
    vectors: list(answer.data).map((each) => vectorOf(object(each).embedding)),
  }),
  ranking: (asked, answer) => {
    const documents = list(asked.documents).map(documentText)
    const ranked = list(answer.results).map((each): Ranked => {
      const { index, relevance_score: score, document } = object(each)
      const known = typeof index === 'number' ? documents[index] : undefined
      return { text: known ?? documentText(document), score: typeof score === 'number' ? score : undefined }
    })
    const unranked = documents.map((document): Ranked => ({ text: document, score: undefined }))
    return {
      kind: 'ranking',
      query: text(asked.query),
      documents: ranked.length === 0 ? unranked : ranked,
    }
  },
  images: (asked, answer) => {
    const format = text(answer.output_format) || 'png'
    const images = list(answer.data).map((each) => {
      const { b64_json: data, url, revised_prompt: prompt } = object(each)
      const source = text(data) === '' ? text(url) : `data:image/${format};base64,${text(data)}`
      return { source, prompt: text(prompt) }
    })
    return { kind: 'images', prompt: text(asked.prompt), images }
  },
  speech: (asked, _, request) => ({ kind: 'speech', said: text(asked.input), sound: soundOf(request) }),
  transcript: (_, answer, { bodies }) => ({
    kind: 'transcript',
    said: text(answer.text) || (bodies?.response.kind === 'text' ? text(bodies.response.content) : ''),
  }),
  moderation: (asked, answer) => ({
    kind: 'moderation',
    texts: textsOf(asked.input),
    verdicts: list(answer.results).map((each) => {
      const { flagged, categories } = object(each)
      const found = Object.entries(object(categories)).filter(([, is]) => is === true)
      return { flagged: flagged === true, categories: found.map(([name]) => name) }
    }),
  }),
}

function textsOf(input: unknown): string[] {
  if (typeof input === 'string') return [input]
  // Numbers are tokens of one text.
  if (list(input).every((each) => typeof each === 'number')) return input === undefined ? [] : [pretty(input)]
  return list(input).map((each) => text(each) || text(object(each).text) || pretty(each))
}

function documentText(document: unknown): string {
  return text(document) || text(object(document).text) || (document === undefined ? '' : pretty(document))
}

/** A list of numbers, or, as SDKs ask for it, their bytes in base64: 32 bits each, the lowest first. */
function vectorOf(embedding: unknown): Vector {
  if (typeof embedding !== 'string') {
    const numbers = list(embedding).filter((each) => typeof each === 'number')
    return { dimensions: numbers.length, begins: numbers.slice(0, SHOWN_VALUES) }
  }
  try {
    const bytes = Uint8Array.from(atob(embedding), (character) => character.charCodeAt(0))
    const view = new DataView(bytes.buffer)
    const dimensions = Math.floor(bytes.length / FLOAT_BYTES)
    const begins = Array.from({ length: Math.min(dimensions, SHOWN_VALUES) }, (_, index) =>
      view.getFloat32(index * FLOAT_BYTES, true),
    )
    return { dimensions, begins }
  } catch {
    return { dimensions: 0, begins: [] }
  }
}

/** As a browser plays it; empty where there is none. */
function soundOf({ bodies, headers }: Detail): string {
  if (bodies?.response.kind !== 'base64') return ''
  const type = headers?.response.find(({ name }) => name === 'content-type')?.value ?? 'audio/mpeg'
  return type.startsWith('audio/') ? `data:${type};base64,${text(bodies.response.content)}` : ''
}

/** What an answer says went wrong, whatever was asked for. */
export function messageOf(request: Detail): string | undefined {
  if (request.bodies == null) return undefined
  const { error, type, message } = answerOf(request.bodies.response)
  if (error != null) return text(object(error).message) || text(error) || undefined
  return type === 'error' ? text(message) || undefined : undefined
}

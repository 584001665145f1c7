/** A model's first request, ready to run, in the words of each SDK. */
import type { Language } from '@/components/highlighting'
import { literal } from './literals'

export type Kind = 'python' | 'node' | 'curl' | 'anthropic' | 'langchain'

export interface SnippetOptions {
  /** With `/ai/v1` at its end. */
  baseUrl: string
  key: string
  model: string
  /** The API's `model_type`. */
  type: string | null
  stream: boolean
  /** What is asked, in place of a greeting: the request's other fields. Not for Anthropic's SDK and LangChain. */
  request?: SnippetRequest
}

export type SnippetRequest = Readonly<Record<string, unknown>>

export interface SnippetKind {
  kind: Kind
  name: string
  language: Language
  /** How to get what it needs. */
  install: string | undefined
}

const CHAT: readonly SnippetKind[] = [
  { kind: 'python', name: 'Python', language: 'python', install: 'pip install openai' },
  { kind: 'node', name: 'Node.js', language: 'javascript', install: 'npm install openai' },
  { kind: 'curl', name: 'curl', language: 'bash', install: undefined },
  { kind: 'anthropic', name: 'Anthropic', language: 'python', install: 'pip install anthropic' },
  { kind: 'langchain', name: 'LangChain', language: 'python', install: 'pip install langchain-openai' },
]
/** Nobody's SDK has a call for reranking but Cohere's own, so it is said in HTTP. */
const KINDS: Record<string, readonly Kind[]> = {
  EMBEDDINGS: ['python', 'node', 'curl', 'langchain'],
  RERANKER: ['curl'],
}

export function kindsOf(type: string | null): readonly SnippetKind[] {
  const kinds = KINDS[type ?? '']
  return kinds === undefined ? CHAT : CHAT.filter(({ kind }) => kinds.includes(kind))
}

export function streams(type: string | null): boolean {
  return type !== 'EMBEDDINGS' && type !== 'RERANKER'
}

export function snippet(kind: Kind, options: SnippetOptions): string {
  if (options.type === 'RERANKER') return rerankCurl(options)
  return options.type === 'EMBEDDINGS' ? embeddings(kind, options) : chat(kind, options)
}

const GREETING: SnippetRequest = { messages: [{ role: 'user', content: 'Hello!' }] }
const GREETED: SnippetRequest = { input: ['Hello!'] }
const SEARCH: SnippetRequest = {
  query: 'What is the capital of France?',
  documents: ['Paris is the capital of France.', 'Bread is made of flour.'],
}
/** What OpenAI's Python SDK has arguments for; everything else goes into its `extra_body`. */
const PYTHON_ARGUMENTS = new Set(
  (
    'messages input dimensions encoding_format user audio frequency_penalty function_call functions logit_bias logprobs ' +
    'max_completion_tokens max_tokens metadata modalities n parallel_tool_calls prediction presence_penalty ' +
    'reasoning_effort response_format safety_identifier seed service_tier stop store stream_options temperature ' +
    'tool_choice tools top_logprobs top_p verbosity web_search_options'
  ).split(' '),
)

/** Literals of Python, JavaScript and JSON are written alike for what names and URLs consist of. */
const text = (value: string) => JSON.stringify(value)

function chat(kind: Kind, { baseUrl, key, model, stream, request = GREETING }: SnippetOptions): string {
  switch (kind) {
    case 'python':
      return [
        ...openaiClient(baseUrl, key),
        stream ? 'stream = client.chat.completions.create(' : 'answer = client.chat.completions.create(',
        `    model=${text(model)},`,
        ...pythonArguments(request),
        ...(stream
          ? [
              '    stream=True,',
              ')',
              'for chunk in stream:',
              '    if chunk.choices:',
              '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
            ]
          : [')', 'print(answer.choices[0].message.content)']),
      ].join('\n')
    case 'node':
      return [
        ...nodeClient(baseUrl, key),
        stream
          ? 'const stream = await client.chat.completions.create({'
          : 'const answer = await client.chat.completions.create({',
        `  model: ${text(model)},`,
        ...nodeFields(request),
        ...(stream
          ? [
              '  stream: true,',
              '});',
              'for await (const chunk of stream) {',
              '  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");',
              '}',
            ]
          : ['});', 'console.log(answer.choices[0].message.content);']),
      ].join('\n')
    case 'curl':
      return curl(`${baseUrl}/chat/completions`, key, stream, {
        model,
        ...request,
        ...(stream ? { stream: true } : {}),
      })
    case 'anthropic':
      return anthropic(baseUrl, key, model, stream)
    case 'langchain':
      return [
        'from langchain_openai import ChatOpenAI',
        '',
        `llm = ChatOpenAI(model=${text(model)}, base_url=${text(baseUrl)}, api_key=${text(key)})`,
        '',
        ...(stream
          ? ['for chunk in llm.stream("Hello!"):', '    print(chunk.content, end="", flush=True)']
          : ['print(llm.invoke("Hello!").content)']),
      ].join('\n')
  }
}

function anthropic(baseUrl: string, key: string, model: string, stream: boolean): string {
  // Anthropic's SDK adds `/v1` by itself.
  const root = baseUrl.replace(/\/v1\/?$/, '')
  const asked = [
    `    model=${text(model)},`,
    '    max_tokens=1024,',
    '    messages=[{"role": "user", "content": "Hello!"}],',
  ]
  return [
    'from anthropic import Anthropic',
    '',
    `client = Anthropic(base_url=${text(root)}, auth_token=${text(key)})`,
    '',
    ...(stream
      ? [
          'with client.messages.stream(',
          ...asked,
          ') as stream:',
          '    for text in stream.text_stream:',
          '        print(text, end="", flush=True)',
        ]
      : ['answer = client.messages.create(', ...asked, ')', 'print(answer.content[0].text)']),
  ].join('\n')
}

function embeddings(kind: Kind, { baseUrl, key, model, request = GREETED }: SnippetOptions): string {
  switch (kind) {
    case 'python':
    case 'anthropic':
      return [
        ...openaiClient(baseUrl, key),
        'answer = client.embeddings.create(',
        `    model=${text(model)},`,
        ...pythonArguments(request),
        ')',
        'print(len(answer.data[0].embedding), "dimensions")',
      ].join('\n')
    case 'node':
      return [
        ...nodeClient(baseUrl, key),
        'const answer = await client.embeddings.create({',
        `  model: ${text(model)},`,
        ...nodeFields(request),
        '});',
        'console.log(answer.data[0].embedding.length, "dimensions");',
      ].join('\n')
    case 'curl':
      return curl(`${baseUrl}/embeddings`, key, false, { model, ...request })
    case 'langchain':
      return [
        'from langchain_openai import OpenAIEmbeddings',
        '',
        `embeddings = OpenAIEmbeddings(model=${text(model)}, base_url=${text(baseUrl)}, api_key=${text(key)}, check_embedding_ctx_length=False)`,
        'print(len(embeddings.embed_query("Hello!")), "dimensions")',
      ].join('\n')
  }
}

function rerankCurl({ baseUrl, key, model, request = SEARCH }: SnippetOptions): string {
  return curl(`${baseUrl}/rerank`, key, false, { model, ...request })
}

function pythonArguments(request: SnippetRequest): string[] {
  const entries = Object.entries(request)
  const known = entries.filter(([name]) => PYTHON_ARGUMENTS.has(name))
  const others = entries.filter(([name]) => !PYTHON_ARGUMENTS.has(name))
  if (others.length > 0) known.push(['extra_body', Object.fromEntries(others)])
  return known.map(([name, value]) => `    ${name}=${literal(value, 'python', 4, name.length + 5)},`)
}

function nodeFields(request: SnippetRequest): string[] {
  return Object.entries(request).map(
    ([name, value]) => `  ${name}: ${literal(value, 'javascript', 2, name.length + 4)},`,
  )
}

function openaiClient(baseUrl: string, key: string): string[] {
  return [
    'from openai import OpenAI',
    '',
    `client = OpenAI(base_url=${text(baseUrl)}, api_key=${text(key)})`,
    '',
  ]
}

function nodeClient(baseUrl: string, key: string): string[] {
  return [
    'import OpenAI from "openai";',
    '',
    `const client = new OpenAI({ baseURL: ${text(baseUrl)}, apiKey: ${text(key)} });`,
    '',
  ]
}

function curl(url: string, key: string, stream: boolean, body: object): string {
  // A quote within single quotes of a shell: end, escaped quote, begin again.
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''")
  return [
    `curl ${stream ? '-N ' : ''}${url} \\`,
    `  -H 'Authorization: Bearer ${key}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${json}'`,
  ].join('\n')
}

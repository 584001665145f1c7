/** Loaded with the first Markdown that is shown. */
import { isValidElement, type ReactElement, type ReactNode } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { CodeBlock } from './code-block'
import type { Language } from './highlighting'

const LANGUAGES: Partial<Record<string, Language>> = {
  bash: 'bash',
  sh: 'bash',
  shell: 'bash',
  console: 'bash',
  javascript: 'javascript',
  js: 'javascript',
  jsx: 'javascript',
  typescript: 'javascript',
  ts: 'javascript',
  tsx: 'javascript',
  json: 'json',
  python: 'python',
  py: 'python',
}

const COMPONENTS: Components = {
  pre: ({ children }) => <Fence>{children}</Fence>,
  code: ({ children }) => (
    <code className="rounded-sm bg-sunken px-1 py-0.5 font-mono text-xs ring-1 ring-line ring-inset">
      {children}
    </code>
  ),
  a: ({ href, children }) => <Elsewhere href={href}>{children}</Elsewhere>,
  img: ({ src, alt }) => (
    <Elsewhere href={typeof src === 'string' ? src : undefined}>{alt === '' ? 'Picture' : alt}</Elsewhere>
  ),
  // An answer's headings are not the page's: they have no place in its outline.
  h1: ({ children }) => <p className="text-lg font-semibold">{children}</p>,
  h2: ({ children }) => <p className="text-lg font-semibold">{children}</p>,
  h3: ({ children }) => <p className="font-semibold">{children}</p>,
  h4: ({ children }) => <p className="font-semibold">{children}</p>,
  h5: ({ children }) => <p className="font-medium">{children}</p>,
  h6: ({ children }) => <p className="font-medium">{children}</p>,
  ul: ({ children }) => <ul className="list-disc space-y-1 pl-5 marker:text-faint">{children}</ul>,
  ol: ({ children, start }) => (
    <ol start={start} className="list-decimal space-y-1 pl-6 marker:text-faint">
      {children}
    </ol>
  ),
  blockquote: ({ children }) => (
    <blockquote className="space-y-3 border-l-2 border-line-strong pl-3 text-soft">{children}</blockquote>
  ),
  hr: () => <hr className="border-line" />,
  table: ({ children }) => (
    <div
      className="overflow-x-auto rounded-md border border-line"
      tabIndex={0}
      role="region"
      aria-label="Table"
    >
      <table className="w-full border-collapse text-sm">{children}</table>
    </div>
  ),
  th: ({ children }) => <th className="bg-sunken px-3 py-1.5 text-left font-medium">{children}</th>,
  td: ({ children }) => <td className="border-t border-line px-3 py-1.5 align-top">{children}</td>,
}

const PLUGINS = [remarkGfm]

export function MarkdownRendered({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  )
}

function Elsewhere({ href, children }: { href: string | undefined; children: ReactNode }) {
  return (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      className="rounded-sm text-accent underline underline-offset-2"
    >
      {children}
    </a>
  )
}

function Fence({ children }: { children: ReactNode }) {
  if (!isCode(children)) return null
  const { className, children: code } = children.props
  const name = /language-(\S+)/.exec(className ?? '')?.[1] ?? ''
  return (
    <CodeBlock
      code={(code ?? '').replace(/\n$/, '')}
      language={LANGUAGES[name.toLowerCase()]}
      label={name === '' ? 'Code' : `Code in ${name}`}
      className="text-ink"
    />
  )
}

function isCode(node: ReactNode): node is ReactElement<{ className?: string; children?: string }> {
  return isValidElement(node)
}

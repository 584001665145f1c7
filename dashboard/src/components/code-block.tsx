/** Code to be copied: highlighted once the highlighter is there, the same text before. */
import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ReactNode } from 'react'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import type { Language } from './highlighting'

const CONFIRMED_MS = 1_600

export function CopyButton({
  text,
  label = 'Copy',
  className,
}: {
  text: string
  label?: string
  className?: string
}) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = window.setTimeout(() => setCopied(false), CONFIRMED_MS)
    return () => window.clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    await copyText(text)
    setCopied(true)
  }
  return (
    <Button size="sm" className={className} onClick={copy}>
      {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
      <span aria-live="polite">{copied ? 'Copied' : label}</span>
    </Button>
  )
}

/** Also where the page is not served over HTTPS, and the clipboard's interface is therefore not there. */
async function copyText(text: string) {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text)
    return
  }
  const area = document.createElement('textarea')
  area.value = text
  // In the open dialog, if there is one: outside of it nothing can be selected.
  const parent = document.querySelector('[role=dialog]') ?? document.body
  parent.append(area)
  area.select()
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way
  document.execCommand('copy')
  area.remove()
}

interface CodeBlockProps {
  code: string
  /** Without it nothing is highlighted. */
  language: Language | undefined
  /** For those who cannot see what it is. */
  label: string
  /** Shown in place of what must not stand on a screen; what is copied is `code`. */
  shown?: string
  className?: string
}

export function CodeBlock({ code, language, label, shown = code, className }: CodeBlockProps) {
  const [highlighted, setHighlighted] = useState<{ of: string; nodes: ReactNode }>()
  useEffect(() => {
    if (language === undefined) return
    let wanted = true
    void import('./highlighting').then(({ highlight }) => {
      if (wanted) setHighlighted({ of: shown, nodes: highlight(shown, language) })
    })
    return () => {
      wanted = false
    }
  }, [shown, language])
  return (
    <div className={cn('relative rounded-lg border border-line bg-sunken', className)}>
      <CopyButton text={code} className="absolute top-2 right-2" />
      {/* Focusable, because it scrolls. */}
      <pre
        tabIndex={0}
        aria-label={label}
        role="region"
        className="overflow-x-auto p-4 pr-24 font-mono text-xs leading-5"
      >
        <code>{highlighted?.of === shown ? highlighted.nodes : shown}</code>
      </pre>
    </div>
  )
}

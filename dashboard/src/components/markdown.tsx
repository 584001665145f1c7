/** A model's text, rendered as the Markdown it is once the renderer is there; the same text before. */
import { lazy, memo, Suspense, useDeferredValue } from 'react'
import { cn } from '@/design/class-names'

const Rendered = lazy(() =>
  import('./markdown-rendered').then((module) => ({ default: module.MarkdownRendered })),
)

/** HTML in the text is shown as it is written, never obeyed; pictures become links: nothing is fetched from elsewhere. */
export const Markdown = memo(function Markdown({ text, className }: { text: string; className?: string }) {
  // While a text is still growing, what is already shown may lag behind by a moment rather than hold up the page.
  const shown = useDeferredValue(text)
  return (
    <div className={cn('min-w-0 space-y-3 text-base leading-6 break-words', className)}>
      <Suspense fallback={<p className="whitespace-pre-wrap">{text}</p>}>
        <Rendered text={shown} />
      </Suspense>
    </div>
  )
})

/** Short news at the edge of the window: what was done, or what could not be. */
import { CircleCheck, TriangleAlert, X } from 'lucide-react'
import { Toast as Radix } from 'radix-ui'
import { useSyncExternalStore } from 'react'
import { createPortal } from 'react-dom'
import { asProblem } from '@/api/problem'
import { passOn, useTopLayer } from '@/design/top-layer'

interface News {
  id: number
  text: string
  bad: boolean
  undo: (() => void) | undefined
}

const SHOWN_MS = 6_000
let last = 0
let news: readonly News[] = []
const listeners = new Set<() => void>()

function set(next: readonly News[]) {
  news = next
  for (const listener of listeners) listener()
}

function add(text: string, bad: boolean, undo?: () => void) {
  last += 1
  set([...news, { id: last, text, bad, undo }])
}

export function say(text: string, options: { undo?: () => void } = {}) {
  add(text, false, options.undo)
}

export function sayProblem(error: unknown) {
  add(asProblem(error).message, true)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => news)
  const layer = useTopLayer()
  return (
    <Radix.Provider swipeDirection="right" duration={SHOWN_MS} label="News">
      {shown.map((each) => (
        <Radix.Root
          key={each.id}
          type={each.bad ? 'foreground' : 'background'}
          onOpenChange={(open) => !open && set(news.filter(({ id }) => id !== each.id))}
          onEscapeKeyDown={(event) => {
            if (layer !== document.body && !layer.contains(event.target as Node)) passOn(event)
          }}
          className="flex animate-rise items-start gap-2.5 rounded-lg border border-line bg-surface py-2.5 pr-2 pl-3 shadow-floating"
        >
          {each.bad ? (
            <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          ) : (
            <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
          )}
          <Radix.Description className="min-w-0 flex-1 break-words">{each.text}</Radix.Description>
          {each.undo !== undefined && (
            <Radix.Action
              altText="Undo"
              onClick={each.undo}
              className="rounded-sm px-1.5 font-medium text-accent hover:bg-hover"
            >
              Undo
            </Radix.Action>
          )}
          <Radix.Close aria-label="Dismiss" className="rounded-sm p-0.5 text-faint hover:text-ink">
            <X className="size-4" aria-hidden />
          </Radix.Close>
        </Radix.Root>
      ))}
      {createPortal(
        <Radix.Viewport className="fixed right-4 bottom-4 z-80 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2 outline-none" />,
        layer,
      )}
    </Radix.Provider>
  )
}

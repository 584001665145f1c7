/**
 * The dialog that lies over everything else, if one is open. What must be heard and reached whatever is open lies in it:
 * the rest of the page is hidden from assistive technology and from the keyboard meanwhile.
 */
import { useSyncExternalStore } from 'react'

let layers: readonly HTMLElement[] = []
const listeners = new Set<() => void>()

function set(next: readonly HTMLElement[]) {
  layers = next
  for (const listener of listeners) listener()
}

/** The ref of a place in a dialog. */
export function asLayer(place: HTMLElement | null) {
  if (place === null) return
  set([...layers, place])
  return () => set(layers.filter((layer) => layer !== place))
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useTopLayer(): HTMLElement {
  return useSyncExternalStore(subscribe, () => layers.at(-1) ?? document.body)
}

const passedOn = new WeakSet<Event>()

/** For what lies in the dialog and is asked first, as the last that came: a key that was pressed is meant for the dialog. */
export function passOn(event: Event) {
  passedOn.add(event)
  event.preventDefault()
}

export const isPassedOn = (event: Event) => passedOn.has(event)

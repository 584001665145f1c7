/** Every page, model, key, person and group, and what can be done anywhere, from the keyboard. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Settings } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { useState } from 'react'
import { asProblem } from '@/api/problem'
import { withoutSecret } from '@/format/secret'
import { SETTINGS } from '@/pages/settings/places'
import { useCan, useUser, type Can } from '@/session/session'
import { SECTIONS } from '../navigation'
import { useActions } from './actions'
import { Found } from './found'
import { Group, Item } from './item'
import { matching } from './match'
import { fitting, foundOptions } from './queries'
import { useSettled } from './use-settled'

const PAUSE_MS = 120

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const can = useCan()
  const me = useUser()
  const navigate = useNavigate()
  const sought = withoutSecret(text.trim())
  const search = useSettled(sought, PAUSE_MS)
  const asked = useQuery(foundOptions(search, me.id, can))
  const run = (act: () => unknown) => () => {
    onClose()
    act()
  }
  const typed = sought !== ''
  const pages = matching(visible(SECTIONS, can), text)
  const settings = typed ? matching(visible(SETTINGS, can), text) : []
  const actions = matching(useActions(), text)
  const current = search === sought && !asked.isPlaceholderData
  const found =
    typed && asked.data !== undefined ? (current ? asked.data : fitting(asked.data, sought)) : undefined
  const none =
    pages.length + settings.length + actions.length === 0 &&
    (found === undefined || Object.values(found).every((things: readonly unknown[]) => things.length === 0))
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 animate-appear bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-x-3 top-[12vh] z-50 mx-auto max-w-xl animate-rise overflow-hidden rounded-xl border border-line bg-surface shadow-floating outline-none"
        >
          <Radix.Title className="sr-only">Search</Radix.Title>
          {/* The server has looked already, and pages are matched by whole words: nothing is guessed by single letters. */}
          <Command label="Search" loop shouldFilter={false}>
            <Command.Input
              value={text}
              onValueChange={setText}
              placeholder="Find a page, a model, a key…"
              className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-[50vh] overflow-y-auto p-2">
              {pages.length > 0 && (
                <Group heading="Pages">
                  {pages.map((place) => (
                    <Item key={place.to} value={place.to} onSelect={run(() => navigate({ to: place.to }))}>
                      <place.icon aria-hidden /> {place.name}
                    </Item>
                  ))}
                </Group>
              )}
              {settings.length > 0 && (
                <Group heading="Settings">
                  {settings.map((place) => (
                    <Item key={place.to} value={place.to} onSelect={run(() => navigate({ to: place.to }))}>
                      <Settings aria-hidden /> {place.name}
                    </Item>
                  ))}
                </Group>
              )}
              {found !== undefined && <Found found={found} run={run} />}
              {actions.length > 0 && (
                <Group heading="Actions">
                  {actions.map((action) => (
                    <Item key={action.name} value={action.name} onSelect={run(action.act)}>
                      <action.icon aria-hidden /> {action.name}
                    </Item>
                  ))}
                </Group>
              )}
              {none && (
                <p role="status" className="px-3 py-8 text-center text-faint">
                  {asked.isError
                    ? asProblem(asked.error).message
                    : current
                      ? 'Nothing is called that.'
                      : 'Searching…'}
                </p>
              )}
            </Command.List>
            <p className="border-t border-line px-4 py-2 text-xs text-faint max-sm:hidden">
              ↑ ↓ to choose, Enter to go. A key is found by how its secret begins, too: “sk-a1B2”.
            </p>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function visible<Place extends { visible: (can: Can) => boolean }>(
  sections: readonly { places: readonly Place[] }[],
  can: Can,
): Place[] {
  return sections.flatMap(({ places }) => places).filter((place) => place.visible(can))
}

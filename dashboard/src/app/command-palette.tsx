/** Every page, model, key, person and group, and what can be done anywhere, from the keyboard. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Boxes, KeyRound, ListChecks, LogOut, Moon, Plug, Plus, Sun, User, UsersRound } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { useDeferredValue, useState, type ReactNode } from 'react'
import { api, must } from '@/api/client'
import { chooseTheme, useTheme } from '@/design/theme'
import { nameOf } from '@/format/person'
import { useCan } from '@/session/session'
import { SECTIONS } from './navigation'
import { useSignOut } from './user-menu'

const FOUND = 6

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const can = useCan()
  const navigate = useNavigate()
  const { dark } = useTheme()
  const leave = useSignOut()
  const run = (act: () => unknown) => () => {
    onClose()
    act()
  }
  const places = SECTIONS.flatMap((section) => section.places).filter((place) => place.visible(can))
  const connects = can('Create', 'Endpoints')
  const makesKeys = can('Create', 'ApiKeys', 'own')
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 animate-appear bg-shade" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-x-3 top-[12vh] z-50 mx-auto max-w-xl animate-rise overflow-hidden rounded-xl border border-line bg-surface shadow-floating outline-none"
        >
          <Radix.Title className="sr-only">Search</Radix.Title>
          <Command label="Search" loop>
            <Command.Input
              value={text}
              onValueChange={setText}
              placeholder="Find a page, a model, a key…"
              className="h-12 w-full border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-[50vh] overflow-y-auto p-2">
              <Command.Empty className="px-3 py-8 text-center text-faint">
                Nothing is called that.
              </Command.Empty>
              <Group heading="Pages">
                {places.map((place) => (
                  <Item
                    key={place.to}
                    value={place.name}
                    keywords={[...place.keywords]}
                    onSelect={run(() => navigate({ to: place.to }))}
                  >
                    <place.icon aria-hidden /> {place.name}
                  </Item>
                ))}
              </Group>
              <Found
                text={text}
                onModel={(modelId) => run(() => navigate({ to: '/models/$modelId', params: { modelId } }))()}
                onKey={(name) => run(() => navigate({ to: '/api-keys', search: { q: name } }))()}
                onUser={(id) => run(() => navigate({ to: '/users', search: { user: id } }))()}
                onGroup={(id) => run(() => navigate({ to: '/groups', search: { group: id } }))()}
              />
              <Group heading="Actions">
                {connects && (
                  <>
                    <Item
                      value="Connect a provider"
                      keywords={['endpoint', 'upstream']}
                      onSelect={run(() => navigate({ to: '/endpoints', search: { connect: 'yes' } }))}
                    >
                      <Plug aria-hidden /> Connect a provider
                    </Item>
                    <Item
                      value="First steps"
                      keywords={['first run', 'setup', 'onboarding']}
                      onSelect={run(() => navigate({ to: '/first-run' }))}
                    >
                      <ListChecks aria-hidden /> First steps
                    </Item>
                  </>
                )}
                {makesKeys && (
                  <Item
                    value="Create an API key"
                    onSelect={run(() => navigate({ to: '/api-keys', search: { create: 'yes' } }))}
                  >
                    <Plus aria-hidden /> Create an API key
                  </Item>
                )}
                <Item
                  value={dark ? 'Switch to the light theme' : 'Switch to the dark theme'}
                  keywords={['theme', 'appearance']}
                  onSelect={run(() => chooseTheme(dark ? 'light' : 'dark'))}
                >
                  {dark ? <Sun aria-hidden /> : <Moon aria-hidden />}
                  {dark ? 'Switch to the light theme' : 'Switch to the dark theme'}
                </Item>
                <Item value="Sign out" keywords={['log out', 'leave']} onSelect={run(leave)}>
                  <LogOut aria-hidden /> Sign out
                </Item>
              </Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

interface FoundProps {
  text: string
  onModel: (id: string) => void
  onKey: (name: string) => void
  onUser: (id: string) => void
  onGroup: (id: string) => void
}

/** What the server finds. */
function Found({ text, onModel, onKey, onUser, onGroup }: FoundProps) {
  const can = useCan()
  const [people, teams] = [can('Read', 'Users'), can('Read', 'Groups')]
  const search = useDeferredValue(text.trim())
  const found = useQuery({
    queryKey: ['palette', search, people, teams],
    enabled: search !== '',
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { search, limit: FOUND }
      const [models, keys, users, groups] = await Promise.all([
        must(api.GET('/admin/api/v1/models', { params: { query: { ...query, sort: 'alias' } }, signal })),
        must(
          api.GET('/admin/api/v1/users/{user_id}/api-keys', {
            params: { path: { user_id: 'current' }, query },
            signal,
          }),
        ),
        people ? must(api.GET('/admin/api/v1/users', { params: { query }, signal })) : undefined,
        teams ? must(api.GET('/admin/api/v1/groups', { params: { query }, signal })) : undefined,
      ])
      return {
        models: models.data,
        keys: keys.data,
        users: users?.data ?? [],
        groups: groups?.data ?? [],
      }
    },
  })
  if (search === '' || found.data === undefined) return null
  const { models, keys, users, groups } = found.data
  return (
    <>
      {models.length > 0 && (
        <Group heading="Models">
          {models.map((model) => (
            <Item
              key={model.id}
              value={`model ${model.alias}`}
              keywords={[search]}
              onSelect={() => onModel(model.id)}
            >
              <Boxes aria-hidden /> {model.alias}
            </Item>
          ))}
        </Group>
      )}
      {keys.length > 0 && (
        <Group heading="API keys">
          {keys.map((key) => (
            <Item
              key={key.id}
              value={`key ${key.name} ${key.id}`}
              keywords={[search]}
              onSelect={() => onKey(key.name)}
            >
              <KeyRound aria-hidden /> {key.name}
            </Item>
          ))}
        </Group>
      )}
      {users.length > 0 && (
        <Group heading="Users">
          {users.map((user) => (
            <Item
              key={user.id}
              value={`user ${nameOf(user)} ${user.id}`}
              keywords={[search]}
              onSelect={() => onUser(user.id)}
            >
              <User aria-hidden /> {nameOf(user)} <span className="truncate text-faint">{user.email}</span>
            </Item>
          ))}
        </Group>
      )}
      {groups.length > 0 && (
        <Group heading="Groups">
          {groups.map((group) => (
            <Item
              key={group.id}
              value={`group ${group.name} ${group.id}`}
              keywords={[search]}
              onSelect={() => onGroup(group.id)}
            >
              <UsersRound aria-hidden /> {group.name}
            </Item>
          ))}
        </Group>
      )}
    </>
  )
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint"
    >
      {children}
    </Command.Group>
  )
}

interface ItemProps {
  value: string
  keywords?: string[]
  onSelect: () => void
  children: ReactNode
}

function Item(props: ItemProps) {
  return (
    <Command.Item
      className="flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:text-faint"
      {...props}
    />
  )
}

/** What the server found, and where it leads. */
import { useNavigate } from '@tanstack/react-router'
import { Boxes, KeyRound, User, UsersRound } from 'lucide-react'
import { nameOf } from '@/format/person'
import { Group, Item } from './item'
import type { Found as Things } from './queries'

interface FoundProps {
  found: Things
  run: (act: () => unknown) => () => void
}

export function Found({ found: { models, keys, users, groups }, run }: FoundProps) {
  const navigate = useNavigate()
  const toKey = ({ id, name, owner }: Things['keys'][number]) =>
    navigate({
      to: '/api-keys',
      search: { q: name, key: id, ...(owner === undefined ? {} : { whose: 'all', user_id: owner.id }) },
    })
  return (
    <>
      {models.length > 0 && (
        <Group heading="Models">
          {models.map(({ id, alias }) => (
            <Item
              key={id}
              value={`model ${id}`}
              onSelect={run(() => navigate({ to: '/models/$modelId', params: { modelId: id } }))}
            >
              <Boxes aria-hidden /> <span className="truncate">{alias}</span>
            </Item>
          ))}
        </Group>
      )}
      {users.length > 0 && (
        <Group heading="Users">
          {users.map((user) => (
            <Item
              key={user.id}
              value={`user ${user.id}`}
              onSelect={run(() => navigate({ to: '/users', search: { user: user.id } }))}
            >
              <User aria-hidden /> <span className="truncate">{nameOf(user)}</span>
              <span className="truncate text-faint">{user.email}</span>
            </Item>
          ))}
        </Group>
      )}
      {keys.length > 0 && (
        <Group heading="API keys">
          {keys.map((key) => (
            <Item key={key.id} value={`key ${key.id}`} onSelect={run(() => toKey(key))}>
              <KeyRound aria-hidden /> <span className="truncate">{key.name}</span>
              {key.owner !== undefined && <span className="truncate text-faint">of {nameOf(key.owner)}</span>}
            </Item>
          ))}
        </Group>
      )}
      {groups.length > 0 && (
        <Group heading="Groups">
          {groups.map(({ id, name }) => (
            <Item
              key={id}
              value={`group ${id}`}
              onSelect={run(() => navigate({ to: '/groups', search: { group: id } }))}
            >
              <UsersRound aria-hidden /> <span className="truncate">{name}</span>
            </Item>
          ))}
        </Group>
      )}
    </>
  )
}

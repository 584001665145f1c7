/** The pages in the sidebar and the command palette, and who sees them. */
import { Boxes, KeyRound, MessagesSquare, User, UsersRound, type LucideIcon } from 'lucide-react'
import type { Can } from '@/session/session'

export interface Place {
  to: '/models' | '/api-keys' | '/users' | '/groups' | '/playground'
  name: string
  icon: LucideIcon
  /** Words that people look for it by. */
  keywords: readonly string[]
  visible: (can: Can) => boolean
}

export interface Section {
  name: string
  places: readonly Place[]
}

export const SECTIONS: readonly Section[] = [
  {
    name: 'Build',
    places: [
      {
        to: '/models',
        name: 'Models',
        icon: Boxes,
        keywords: ['snippets', 'catalogue', 'deployments'],
        visible: (can) => can('Read', 'Models', 'own'),
      },
      {
        to: '/playground',
        name: 'Playground',
        icon: MessagesSquare,
        keywords: ['chat', 'try', 'compare', 'embeddings', 'rerank'],
        visible: (can) => can('Read', 'Models', 'own'),
      },
      {
        to: '/api-keys',
        name: 'API keys',
        icon: KeyRound,
        keywords: ['tokens', 'secrets', 'credentials'],
        visible: (can) => can('Read', 'ApiKeys', 'own'),
      },
    ],
  },
  {
    name: 'People',
    places: [
      {
        to: '/users',
        name: 'Users',
        icon: User,
        keywords: ['people', 'accounts', 'roles', 'sessions'],
        visible: (can) => can('Read', 'Users'),
      },
      {
        to: '/groups',
        name: 'Groups',
        icon: UsersRound,
        keywords: ['teams', 'members', 'grants', 'matrix'],
        visible: (can) => can('Read', 'Groups'),
      },
    ],
  },
]

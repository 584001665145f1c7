/** Every address of the dashboard. A page is one line here, one in `navigation`, and a folder in `pages/`. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { onSessionEnd, queryClient } from '@/api/queries'
import { onServerBack } from '@/api/reachability'
import { listSearch } from '@/components/data-table/list-state'
import { API_KEYS_LIST } from '@/pages/api-keys/list-spec'
import { GROUPS_LIST } from '@/pages/groups/list-spec'
import { modelSearch } from '@/pages/model/search'
import { ENDPOINTS_LIST } from '@/pages/endpoints/list-spec'
import { leadsToFirstRun } from '@/pages/first-run/queries'
import { MODELS_LIST } from '@/pages/models/list-spec'
import { USERS_LIST } from '@/pages/users/list-spec'
import { playgroundSearch } from '@/pages/playground/search'
import { REQUESTS_LIST } from '@/pages/requests/list-spec'
import { TRAFFIC_LIST } from '@/pages/traffic/list-spec'
import { NoAccess, NotFound, RouteError } from '@/session/notices'
import { can, returnPath, sessionOptions, type Operation, type Resource } from '@/session/session'
import { Shell } from './shell'

interface EntranceSearch {
  return_to?: string
  ended?: boolean
}

function entranceSearch(raw: Record<string, unknown>): EntranceSearch {
  return {
    ...(raw.return_to === undefined ? {} : { return_to: returnPath(raw.return_to) }),
    ...(raw.ended === true ? { ended: true } : {}),
  }
}

async function signedIn(href: string) {
  const user = await queryClient.query({ ...sessionOptions, staleTime: 'static' })

  if (user === null) throw redirect({ to: '/login', search: href === '/' ? {} : { return_to: href } })
  return user
}

/** For a page's `beforeLoad`: those who lack the right get a notice in place of the page. */
async function needs(operation: Operation, resource: Resource, whose: 'all' | 'own' = 'all') {
  const user = await queryClient.query({ ...sessionOptions, staleTime: 'static' })
  if (user !== null && !can(user, operation, resource, whose)) throw new NoAccess()
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: RouteError })

const entrances = [
  createRoute({
    getParentRoute: () => root,
    path: '/login',
    validateSearch: entranceSearch,
    component: lazyRouteComponent(() => import('@/session/login'), 'Login'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/register',
    validateSearch: entranceSearch,
    component: lazyRouteComponent(() => import('@/session/register'), 'Register'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/forgot-password',
    component: lazyRouteComponent(() => import('@/session/passwords'), 'ForgotPassword'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/reset-password',
    validateSearch: (raw: Record<string, unknown>): { id?: string; token?: string } => ({
      ...(typeof raw.id === 'string' ? { id: raw.id } : {}),
      ...(typeof raw.token === 'string' ? { token: raw.token } : {}),
    }),
    component: lazyRouteComponent(() => import('@/session/passwords'), 'ResetPassword'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/choose-password',
    validateSearch: entranceSearch,
    beforeLoad: ({ location }) => signedIn(location.href),
    component: lazyRouteComponent(() => import('@/session/passwords'), 'ChoosePassword'),
  }),
] as const

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ location }) => {
    const user = await signedIn(location.href)
    if (user.must_change_password === true) {
      throw redirect({ to: '/choose-password', search: { return_to: returnPath(location.href) } })
    }
  },
})

const pages = [
  createRoute({
    getParentRoute: () => shell,
    path: '/',
    beforeLoad: async () => {
      const user = await queryClient.query({ ...sessionOptions, staleTime: 'static' })
      throw redirect({ to: (await leadsToFirstRun(user)) ? '/first-run' : '/models' })
    },
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/models',
    validateSearch: listSearch(MODELS_LIST),
    beforeLoad: () => needs('Read', 'Models', 'own'),
    component: lazyRouteComponent(() => import('@/pages/models/page'), 'ModelsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/playground',
    validateSearch: playgroundSearch,
    beforeLoad: () => needs('Read', 'Models', 'own'),
    component: lazyRouteComponent(() => import('@/pages/playground/page'), 'PlaygroundPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/models/$modelId',
    validateSearch: modelSearch,
    beforeLoad: () => needs('Read', 'Models', 'own'),
    component: lazyRouteComponent(() => import('@/pages/model/page'), 'ModelPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/api-keys',
    validateSearch: listSearch(API_KEYS_LIST),
    beforeLoad: () => needs('Read', 'ApiKeys', 'own'),
    component: lazyRouteComponent(() => import('@/pages/api-keys/page'), 'ApiKeysPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/users',
    validateSearch: listSearch(USERS_LIST),
    beforeLoad: () => needs('Read', 'Users'),
    component: lazyRouteComponent(() => import('@/pages/users/page'), 'UsersPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/groups',
    validateSearch: listSearch(GROUPS_LIST),
    beforeLoad: () => needs('Read', 'Groups'),
    component: lazyRouteComponent(() => import('@/pages/groups/page'), 'GroupsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/first-run',
    beforeLoad: () => needs('Create', 'Endpoints'),
    component: lazyRouteComponent(() => import('@/pages/first-run/page'), 'FirstRunPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/endpoints',
    validateSearch: listSearch(ENDPOINTS_LIST),
    beforeLoad: () => needs('Read', 'Endpoints'),
    component: lazyRouteComponent(() => import('@/pages/endpoints/page'), 'EndpointsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/traffic',
    validateSearch: listSearch(TRAFFIC_LIST),
    beforeLoad: () => needs('Read', 'Analytics'),
    component: lazyRouteComponent(() => import('@/pages/traffic/page'), 'TrafficPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/requests',
    validateSearch: listSearch(REQUESTS_LIST),
    beforeLoad: () => needs('Read', 'Requests'),
    component: lazyRouteComponent(() => import('@/pages/requests/page'), 'RequestsPage'),
  }),
  // Last: an address that nothing else has. Within the shell, so that the way to everything else is there.
  createRoute({ getParentRoute: () => shell, path: '$', component: NotFound }),
] as const

export const router = createRouter({
  routeTree: root.addChildren([...entrances, shell.addChildren(pages)]),
  defaultPreload: 'intent',
  defaultErrorComponent: RouteError,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

onSessionEnd(() => {
  const before = queryClient.getQueryData(sessionOptions.queryKey)
  if (before === null || before === undefined) return
  queryClient.setQueryData(sessionOptions.queryKey, null)
  void router.navigate({ to: '/login', search: { return_to: router.state.location.href, ended: true } })
})

onServerBack(() => void queryClient.invalidateQueries())

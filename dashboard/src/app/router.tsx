/** Every address of the dashboard. A page is one line here, one in `navigation`, and a folder in `pages/`. */
import { createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { onSessionEnd, queryClient } from '@/api/queries'
import { onServerBack } from '@/api/reachability'
import { listSearch, type ListSearch } from '@/components/data-table/list-state'
import { API_KEYS_LIST } from '@/pages/api-keys/list-spec'
import { BILLING_LIST, returnSearch } from '@/pages/billing/list-spec'
import { GROUPS_LIST } from '@/pages/groups/list-spec'
import { modelSearch } from '@/pages/model/search'
import { ENDPOINTS_LIST } from '@/pages/endpoints/list-spec'
import { leadsToFirstRun } from '@/pages/first-run/queries'
import { MODELS_LIST } from '@/pages/models/list-spec'
import { USAGE_LIST } from '@/pages/usage/list-spec'
import { USERS_LIST } from '@/pages/users/list-spec'
import { playgroundSearch } from '@/pages/playground/search'
import { REQUESTS_LIST } from '@/pages/requests/list-spec'
import { TRAFFIC_LIST } from '@/pages/traffic/list-spec'
import { NotFound, RouteError } from '@/session/notices'
import { endSession, sessionOptions } from '@/session/session'
import { entrances, needs, root, shell } from './entrances'
import { settings, settingsPages } from './settings-routes'

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
  createRoute({
    getParentRoute: () => shell,
    path: '/usage',
    validateSearch: listSearch(USAGE_LIST),
    beforeLoad: () => needs('Read', 'Credits', 'own'),
    component: lazyRouteComponent(() => import('@/pages/usage/page'), 'UsagePage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/billing',
    validateSearch: (raw: Record<string, unknown>): ListSearch => ({
      ...listSearch(BILLING_LIST)(raw),
      ...returnSearch(raw),
    }),
    beforeLoad: () => needs('Read', 'Credits', 'own'),
    component: lazyRouteComponent(() => import('@/pages/billing/page'), 'BillingPage'),
  }),
  // Where payment providers send people back to.
  createRoute({
    getParentRoute: () => shell,
    path: '/cost-management',
    validateSearch: returnSearch,
    beforeLoad: ({ search }) => {
      throw redirect({ to: '/billing', search, replace: true })
    },
  }),
  settings.addChildren(settingsPages),
  // Last: an address that nothing else has. Within the shell, so that the way to everything else is there.
  createRoute({ getParentRoute: () => shell, path: '$', component: NotFound }),
] as const

export const router = createRouter({
  routeTree: root.addChildren([...entrances, shell.addChildren(pages)]),
  defaultPreload: 'intent',
  defaultErrorComponent: RouteError,
  scrollRestoration: true,
})

/** Loads the code of the page at `path` beside the question who is signed in, not after its answer. */
export function loadPage(path: string) {
  const [routes] = router.getMatchedRoutes(path)
  for (const { options } of routes) void options.component?.preload?.()
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

onSessionEnd(() => {
  const before = queryClient.getQueryData(sessionOptions.queryKey)
  if (before === null || before === undefined) return
  // What is typed into a page is not lost: one signs in over it.
  if (router.state.matches.some(({ routeId }) => routeId === shell.id)) {
    endSession()
    return
  }
  queryClient.setQueryData(sessionOptions.queryKey, null)
  void router.navigate({ to: '/login', search: { return_to: router.state.location.href, ended: true } })
})

onServerBack(() => void queryClient.invalidateQueries())

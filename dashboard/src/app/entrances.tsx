/** The ways in: the screens at the door, and the frame of all that is behind it. */
import { createRootRoute, createRoute, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { queryClient } from '@/api/queries'
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
export async function needs(operation: Operation, resource: Resource, whose: 'all' | 'own' = 'all') {
  const user = await queryClient.query({ ...sessionOptions, staleTime: 'static' })
  if (user !== null && !can(user, operation, resource, whose)) throw new NoAccess()
}

export const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: RouteError,
})

export const entrances = [
  createRoute({
    getParentRoute: () => root,
    path: '/login',
    validateSearch: entranceSearch,
    // Who is signed in has no business here.
    beforeLoad: async ({ search }) => {
      const user = await queryClient.query({ ...sessionOptions, staleTime: 'static' })
      if (user !== null) throw redirect({ href: returnPath(search.return_to), replace: true })
    },
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

export const shell = createRoute({
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

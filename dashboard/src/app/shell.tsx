/** What stands around every page: where one is, where one can go, who one is. */
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { Menu as MenuIcon, PanelLeftClose, PanelLeftOpen, Search } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { lazy, Suspense, useEffect, useState } from 'react'
import { Button } from '@/design/button'
import { cn } from '@/design/class-names'
import { Tooltip } from '@/design/menu'
import { AwayBanner } from '@/session/notices'
import { useCan } from '@/session/session'
import { SignInAgain } from '@/session/sign-in-again'
import { Mark } from './mark'
import { SECTIONS, type Place } from './navigation'
import { product } from './product'
import { UserMenu } from './user-menu'

const CommandPalette = lazy(() =>
  import('./palette/command-palette').then((module) => ({ default: module.CommandPalette })),
)
const NARROW_KEY = 'sidebar'
const shortcut = navigator.userAgent.includes('Mac') ? '⌘K' : 'Ctrl K'

export function Shell() {
  const [narrow, setNarrow] = useState(() => localStorage.getItem(NARROW_KEY) === 'narrow')
  const [drawer, setDrawer] = useState(false)
  const [palette, setPalette] = useState(false)
  const path = useLocation({ select: (location) => location.pathname })

  useEffect(() => setDrawer(false), [path])
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey)) {
        event.preventDefault()
        setPalette((open) => !open)
      }
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])

  const fold = () => {
    localStorage.setItem(NARROW_KEY, narrow ? 'wide' : 'narrow')
    setNarrow(!narrow)
  }
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="sr-only z-90 rounded-md bg-solid px-3 py-2 text-solid-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <aside
        className={cn(
          'sticky top-0 hidden h-dvh shrink-0 flex-col border-r border-line bg-canvas md:flex',
          narrow ? 'w-14' : 'w-56',
        )}
      >
        <div
          className={cn('flex h-13 items-center', narrow ? 'justify-center' : 'justify-between pr-2 pl-4')}
        >
          {!narrow && <Brand />}
          <Tooltip label={narrow ? 'Widen the sidebar' : 'Narrow the sidebar'}>
            <Button
              variant="ghost"
              size="icon-sm"
              aria-label={narrow ? 'Widen the sidebar' : 'Narrow the sidebar'}
              onClick={fold}
            >
              {narrow ? <PanelLeftOpen aria-hidden /> : <PanelLeftClose aria-hidden />}
            </Button>
          </Tooltip>
        </div>
        <SidebarContent narrow={narrow} onSearch={() => setPalette(true)} />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <AwayBanner />
        <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-canvas px-3 md:hidden">
          <Button variant="ghost" size="icon" aria-label="Open the menu" onClick={() => setDrawer(true)}>
            <MenuIcon aria-hidden />
          </Button>
          <Brand />
          <Button
            variant="ghost"
            size="icon"
            aria-label="Search"
            className="ml-auto"
            onClick={() => setPalette(true)}
          >
            <Search aria-hidden />
          </Button>
        </header>
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <Radix.Root open={drawer} onOpenChange={setDrawer}>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-50 animate-appear bg-shade md:hidden" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-50 flex w-72 max-w-[85vw] animate-slide-left flex-col border-r border-line bg-canvas pt-3 outline-none md:hidden"
          >
            <Radix.Title className="sr-only">Menu</Radix.Title>
            <div className="mb-2 px-4">
              <Brand />
            </div>
            <SidebarContent
              narrow={false}
              onSearch={() => {
                setDrawer(false)
                setPalette(true)
              }}
            />
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
      {palette && (
        <Suspense>
          <CommandPalette onClose={() => setPalette(false)} />
        </Suspense>
      )}
      <SignInAgain />
    </div>
  )
}

function Brand() {
  return (
    <Link to="/" className="flex min-w-0 items-center gap-2 rounded-sm text-sm font-semibold tracking-tight">
      <Mark className="size-5 shrink-0" />
      <span className="truncate">{product}</span>
    </Link>
  )
}

function SidebarContent({ narrow, onSearch }: { narrow: boolean; onSearch: () => void }) {
  const can = useCan()
  return (
    <>
      <div className="px-2 pb-2">
        <button
          type="button"
          onClick={onSearch}
          aria-label={narrow ? 'Search' : undefined}
          className={cn(
            'flex h-8 w-full items-center gap-2 rounded-md border border-line bg-surface text-faint shadow-raised hover:text-ink',
            narrow ? 'justify-center' : 'px-2.5',
          )}
        >
          <Search className="size-4" aria-hidden />
          {!narrow && (
            <>
              Search <kbd className="ml-auto font-sans text-xs">{shortcut}</kbd>
            </>
          )}
        </button>
      </div>
      <nav aria-label="Pages" className="min-h-0 flex-1 space-y-4 overflow-y-auto px-2 py-1">
        {SECTIONS.map((section) => {
          const places = section.places.filter((place) => place.visible(can))
          if (places.length === 0) return null
          return (
            <div key={section.name}>
              {!narrow && <h2 className="px-2.5 pb-1 text-xs font-medium text-faint">{section.name}</h2>}
              <ul className="space-y-0.5">
                {places.map((place) => (
                  <li key={place.to}>
                    <PlaceLink place={place} narrow={narrow} />
                  </li>
                ))}
              </ul>
            </div>
          )
        })}
      </nav>
      <div className="border-t border-line p-2">
        <UserMenu narrow={narrow} />
      </div>
    </>
  )
}

function PlaceLink({ place, narrow }: { place: Place; narrow: boolean }) {
  const link = (
    <Link
      to={place.to}
      aria-label={narrow ? place.name : undefined}
      className={cn(
        'flex h-8 items-center gap-2.5 rounded-md font-medium text-soft hover:bg-hover hover:text-ink data-[status=active]:bg-hover data-[status=active]:text-ink',
        narrow ? 'justify-center' : 'px-2.5',
      )}
    >
      <place.icon className="size-4 shrink-0" aria-hidden />
      {!narrow && place.name}
    </Link>
  )
  return narrow ? <Tooltip label={place.name}>{link}</Tooltip> : link
}

/** What stands around each page of the settings: the way to the others. */
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Select } from '@/design/field'
import { useCan } from '@/session/session'
import { SETTINGS } from './places'

export function SettingsLayout() {
  const can = useCan()
  const navigate = useNavigate()
  const path = useLocation({ select: (location) => location.pathname })
  const sections = SETTINGS.map(({ name, places }) => ({
    name,
    places: places.filter((place) => place.visible(can)),
  })).filter(({ places }) => places.length > 0)
  const all = sections.flatMap(({ places }) => places)
  return (
    <div className="lg:flex">
      <div className="px-4 pt-4 sm:px-6 lg:hidden">
        <Select
          aria-label="Part of the settings"
          value={path}
          onChange={(to) => {
            const place = all.find((each) => each.to === to)
            if (place !== undefined) void navigate({ to: place.to })
          }}
          options={all.map(({ to, name }) => ({ value: to, label: name }))}
        />
      </div>
      <nav
        aria-label="Settings"
        className="sticky top-0 hidden h-dvh w-52 shrink-0 space-y-5 overflow-y-auto border-r border-line px-3 py-6 lg:block"
      >
        {sections.map((section) => (
          <div key={section.name}>
            <h2 className="px-2.5 pb-1.5 text-xs font-medium text-faint">{section.name}</h2>
            <ul className="space-y-0.5">
              {section.places.map((place) => (
                <li key={place.to}>
                  <Link
                    to={place.to}
                    className="flex h-8 items-center rounded-md px-2.5 text-soft hover:bg-hover hover:text-ink data-[status=active]:bg-hover data-[status=active]:font-medium data-[status=active]:text-ink"
                  >
                    {place.name}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <div className="min-w-0 flex-1">
        <Outlet />
      </div>
    </div>
  )
}

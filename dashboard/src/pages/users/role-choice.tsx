import { useId } from 'react'
import { Checkbox } from '@/design/field'
import { ROLES, type Role } from './roles'

interface RoleChoiceProps {
  value: readonly string[]
  onChange: (roles: Role[]) => void
  /** Nobody may change them here. */
  fixed?: boolean
}

/** Every role that can be given, with what it lets one do. */
export function RoleChoice({ value, onChange, fixed }: RoleChoiceProps) {
  const base = useId()
  const chosen = ROLES.map(({ role }) => role).filter((role) => value.includes(role))
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">Roles</legend>
      <ul className="divide-y divide-line rounded-lg border border-line">
        {ROLES.map(({ role, name, does }) => (
          <li key={role}>
            <label htmlFor={`${base}-${role}`} className="flex cursor-pointer items-start gap-2.5 px-3 py-2">
              <Checkbox
                id={`${base}-${role}`}
                aria-labelledby={`${base}-${role}-name`}
                aria-describedby={`${base}-${role}-does`}
                className="mt-0.5"
                checked={value.includes(role)}
                disabled={fixed === true}
                onCheckedChange={(checked) =>
                  onChange(checked === true ? [...chosen, role] : chosen.filter((each) => each !== role))
                }
              />
              <span>
                <span id={`${base}-${role}-name`} className="block font-medium">
                  {name}
                </span>
                <span id={`${base}-${role}-does`} className="block text-xs text-faint">
                  {does}
                </span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <p className="mt-1.5 text-xs text-faint">
        Everybody is a standard user too: they see and use what their groups are granted.
      </p>
    </fieldset>
  )
}

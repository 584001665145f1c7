/** What the form of a new account says, as the API wants it. */
import type { NewUser } from './queries'
import type { Role } from '@/format/roles'

export interface NewUserValues {
  display_name: string
  email: string
  username: string
  sign_in: 'password' | 'proxy'
  roles: Role[]
}

/** Unset fields are left out. Who is given no username has their address for one. */
export function asNewUser(values: NewUserValues): NewUser {
  const email = values.email.trim()
  const body: NewUser = {
    email,
    username: values.username.trim() === '' ? email : values.username.trim(),
    roles: values.roles,
    sign_in: values.sign_in,
  }
  if (values.display_name.trim() !== '') body.display_name = values.display_name.trim()
  return body
}

/** Whether it looks like an address: its owner will say whether it is one. */
export function isEmail(text: string): true | string {
  return /^\S+@\S+$/.test(text.trim()) || 'An e-mail address, such as ada@example.org.'
}

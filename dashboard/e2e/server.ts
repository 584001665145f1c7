/** The server under test, as `tests/dashboard` describes it. */

function given(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: run these tests with pytest tests/dashboard`)
  return value
}

export const SERVER = given('DASHBOARD_URL')
export const ADMIN = { email: given('DASHBOARD_ADMIN_EMAIL'), password: given('DASHBOARD_ADMIN_PASSWORD') }
/** A Python that has OpenAI's SDK. */
export const PYTHON = given('PYTHON')
/** Where pictures go. */
export const PICTURES = process.env.DASHBOARD_PICTURES
/** How the names of the pages begin that pictures are wanted of; none: all. */
export const ONLY = (process.env.ONLY ?? '').split(' ').filter((name) => name !== '')

/** What a provider takes to let us in, field by field, and the one text that the API wants of it. */

/** `key`: sent as it is. The others are signed with, or buy access tokens. */
export type CredentialKind = 'key' | 'access_keys' | 'service_account' | 'entra'

export interface CredentialValues {
  /** Empty: the first that the dialect takes. */
  credential: CredentialKind | ''
  api_key: string
  access_key_id: string
  secret_access_key: string
  session_token: string
  service_account: string
  tenant_id: string
  client_id: string
  client_secret: string
  scope: string
  authority: string
}

export const NO_CREDENTIAL: CredentialValues = {
  credential: '',
  api_key: '',
  access_key_id: '',
  secret_access_key: '',
  session_token: '',
  service_account: '',
  tenant_id: '',
  client_id: '',
  client_secret: '',
  scope: '',
  authority: '',
}

const KINDS: Partial<Record<string, readonly CredentialKind[]>> = {
  bedrock: ['access_keys', 'key'],
  vertex: ['service_account', 'key'],
  azure: ['key', 'entra'],
}
const ONLY_KEYS: readonly CredentialKind[] = ['key']

/** Those that endpoints of a dialect take, the usual one first. */
export function kindsOf(dialect: string): readonly CredentialKind[] {
  return KINDS[dialect] ?? ONLY_KEYS
}

export function kindOf(dialect: string, values: CredentialValues): CredentialKind {
  const kinds = kindsOf(dialect)
  return kinds.find((kind) => kind === values.credential) ?? kinds[0] ?? 'key'
}

/** The field of the secret itself: what a provider that refuses it is about. */
export const SECRET_OF = {
  key: 'api_key',
  access_keys: 'secret_access_key',
  service_account: 'service_account',
  entra: 'client_secret',
} as const satisfies Record<CredentialKind, keyof CredentialValues>

const FIELDS: Record<CredentialKind, readonly Exclude<keyof CredentialValues, 'credential'>[]> = {
  key: ['api_key'],
  access_keys: ['access_key_id', 'secret_access_key', 'session_token'],
  service_account: ['service_account'],
  entra: ['tenant_id', 'client_id', 'client_secret', 'scope', 'authority'],
}

/** What the API takes as `api_key`; empty where nothing was filled in. */
export function credentialText(dialect: string, values: CredentialValues): string {
  const kind = kindOf(dialect, values)
  const said = FIELDS[kind]
    .map((name) => [name, values[name].trim()] as const)
    .filter(([, text]) => text !== '')
  if (kind === 'entra') return said.length === 0 ? '' : JSON.stringify(Object.fromEntries(said))
  return said.map(([, text]) => text).join(':')
}

export function accessKeyId(text: string): true | string {
  if (text.trim() === '') return 'Give the id of the access key.'
  return (
    /^[A-Z0-9]{16,128}$/.test(text.trim()) ||
    'An id of capital letters and digits, such as AKIAIOSFODNN7EXAMPLE.'
  )
}

export function secretAccessKey(text: string): true | string {
  if (text.trim() === '') return 'Give the secret that belongs to the id.'
  return /^[A-Za-z0-9/+=]{16,256}$/.test(text.trim()) || 'This is no secret access key: copy it anew, whole.'
}

/** Keys of an assumed role begin with ASIA and are nothing without their token. */
export function sessionToken(text: string, keyId: string): true | string {
  return (
    text.trim() !== '' ||
    !keyId.trim().startsWith('ASIA') ||
    'The id is of temporary keys, which need their session token.'
  )
}

export interface ServiceAccount {
  email: string
  project: string | undefined
}

/** Whose key a file is; a text that says what is wrong with it. */
export function serviceAccount(text: string): ServiceAccount | string {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return 'This is not JSON: choose the key file as it was downloaded, or paste all of it.'
  }
  if (typeof found !== 'object' || found === null) return 'This is not the key file of a service account.'
  const { type, client_email, private_key, project_id } = found as Record<string, unknown>
  if (type !== 'service_account') {
    return typeof type === 'string'
      ? `This is a file of the type “${type}”: only the key of a service account can be used.`
      : 'This is not the key file of a service account.'
  }
  if (typeof client_email !== 'string' || typeof private_key !== 'string') {
    return 'The file lacks client_email or private_key: download the key anew.'
  }
  return { email: client_email, project: typeof project_id === 'string' ? project_id : undefined }
}

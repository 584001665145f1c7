import type { ReactNode } from 'react'
import { CodeBlock, CopyButton } from '@/components/code-block'
import { DetailList } from '@/components/detail-list'
import { Disclosure } from '@/components/disclosure'
import { Panel } from '@/components/panel'
import { lengthOfTime } from '@/format/duration'
import { roleName } from '@/format/roles'
import { Configured, Mono, none, OnOff, set, Setting } from './configured'
import type { Overview } from './queries'
import { Sourced } from './sourced'
import { OIDC_EXAMPLE, PROXY_EXAMPLE, REGISTRATION_EXAMPLE } from './examples'

type SignIn = Overview['sign_in']

export function SignInPage() {
  return (
    <Configured
      title="Sign-in"
      description="How people prove who they are. Several ways may be open at once."
    >
      {({ sign_in }) => (
        <>
          <Password {...sign_in.password} roles={sign_in.default_roles} />
          <Oidc {...sign_in.oidc} />
          <Proxy {...sign_in.proxy} />
          <Scim url={sign_in.scim_base_url} />
        </>
      )}
    </Configured>
  )
}

interface SetUpProps {
  /** Where it would be written. */
  code: string
  label: string
  children: ReactNode
}

function SetUp({ code, label, children }: SetUpProps) {
  return (
    <Disclosure
      className="mt-3 border-t border-line pt-3"
      summary="How to set it up"
      summaryClassName="font-medium text-soft hover:text-ink"
    >
      <div className="mt-3 space-y-3 text-soft">
        {children}
        <CodeBlock code={code} language={undefined} label={label} />
      </div>
    </Disclosure>
  )
}

function Switched({ setting, on }: { setting: string; on: boolean }) {
  return (
    <div className="sm:text-right">
      <Sourced setting={setting}>
        <OnOff on={on} />
      </Sourced>
    </div>
  )
}

function Password(props: SignIn['password'] & { roles: readonly string[] }) {
  return (
    <Panel
      title="Password"
      description="An e-mail address and a password."
      actions={<Switched setting="auth.native.enabled" on={props.enabled} />}
    >
      <DetailList
        entries={[
          set(
            'People register themselves',
            'auth.native.allow_registration',
            <OnOff on={props.registration} />,
          ),
          set(
            'Length of a password',
            'auth.native.password',
            `${props.min_length} to ${props.max_length} bytes`,
          ),
          set('Signed in for', 'auth.security.jwt_expiry', lengthOfTime(props.session_seconds)),
          set('New accounts are', 'auth.default_user_roles', props.roles.map(roleName).join(', ')),
        ]}
      />
      <SetUp code={REGISTRATION_EXAMPLE} label="Settings of passwords">
        <p>
          All of it stands beneath <Setting>auth.native</Setting>; what new accounts may do is{' '}
          <Setting>auth.default_user_roles</Setting>.
        </p>
      </SetUp>
    </Panel>
  )
}

function Oidc(oidc: SignIn['oidc']) {
  return (
    <Panel
      title="Single sign-on"
      description="OpenID Connect: people sign in at an identity provider, such as Okta, Entra ID, Google or Keycloak."
      actions={<Switched setting="auth.oidc.enabled" on={oidc.enabled} />}
    >
      <DetailList
        entries={[
          ['Redirect URI', <Copied key="redirect" text={oidc.redirect_uri} />],
          ...(oidc.enabled
            ? ([
                set('Issuer', 'auth.oidc.issuer', oidc.issuer === null ? none : <Mono>{oidc.issuer}</Mono>),
                set(
                  'Client id',
                  'auth.oidc.client_id',
                  oidc.client_id === null ? none : <Mono>{oidc.client_id}</Mono>,
                ),
                set(
                  'Groups from',
                  'auth.oidc.groups_claim',
                  oidc.groups_claim ?? 'Nowhere: groups are made here',
                ),
                set('Domains let in', 'auth.oidc.allowed_domains', listed(oidc.allowed_domains, 'All')),
                set(
                  'New people',
                  'auth.oidc.auto_create_users',
                  oidc.auto_create_users ? 'Get an account' : 'Are refused',
                ),
              ] as const)
            : []),
        ]}
      />
      <SetUp code={OIDC_EXAMPLE} label="Settings of single sign-on">
        <p>
          Register a web application (confidential client, authorization code) at your provider with the
          redirect URI above, write this into <Setting>config.yaml</Setting>, and start anew. The secret is
          best given as <Setting>CONTROL_LAYER_AUTH__OIDC__CLIENT_SECRET</Setting>.
        </p>
      </SetUp>
    </Panel>
  )
}

function Proxy(proxy: SignIn['proxy']) {
  return (
    <Panel
      title="Proxy headers"
      description="A proxy in front signs people in, and says who they are in header fields."
      actions={<Switched setting="auth.proxy_header.enabled" on={proxy.enabled} />}
    >
      {proxy.enabled && (
        <DetailList
          entries={[
            set('Person', 'auth.proxy_header.header_name', <Mono>{proxy.header_name}</Mono>),
            set('Address', 'auth.proxy_header.email_header_name', <Mono>{proxy.email_header_name}</Mono>),
            set(
              'Groups',
              'auth.proxy_header.groups_field_name',
              proxy.groups_field_name === null ? 'Not imported' : <Mono>{proxy.groups_field_name}</Mono>,
            ),
            set(
              'Believed from',
              'auth.proxy_header.trusted_peers',
              listed(proxy.trusted_peers, 'Everybody who connects'),
            ),
            set(
              'New people',
              'auth.proxy_header.auto_create_users',
              proxy.auto_create_users ? 'Get an account' : 'Are refused',
            ),
          ]}
        />
      )}
      <SetUp code={PROXY_EXAMPLE} label="Settings of proxy headers">
        <p>
          The proxy must drop these fields from what clients send. Name its addresses in{' '}
          <Setting>trusted_peers</Setting>, so that nobody else is believed.
        </p>
      </SetUp>
    </Panel>
  )
}

function Scim({ url }: { url: string }) {
  return (
    <Panel
      title="Directory (SCIM)"
      description="A directory makes, changes and disables people and groups by SCIM 2.0. Nothing has to be switched on."
    >
      <DetailList entries={[['Base URL', <Copied key="url" text={url} />]]} />
      <p className="mt-3 border-t border-line pt-3 text-soft">
        Give the directory this URL and, as its bearer token, a key for the management API of an
        administrator: make an account for it, and a key of that account.
      </p>
    </Panel>
  )
}

function Copied({ text }: { text: string }) {
  return (
    <span className="flex flex-wrap items-center justify-end gap-2">
      <Mono>{text}</Mono> <CopyButton text={text} />
    </span>
  )
}

function listed(values: readonly string[], empty: string): string {
  return values.length === 0 ? empty : values.join(', ')
}

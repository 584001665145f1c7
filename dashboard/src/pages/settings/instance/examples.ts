/** What one writes into the configuration, to be completed. */

export const REGISTRATION_EXAMPLE = `auth:
  native:
    enabled: true
    allow_registration: true
  default_user_roles: [StandardUser]`

export const OIDC_EXAMPLE = `dashboard_url: https://ai.example.org
auth:
  oidc:
    enabled: true
    issuer: https://login.example.org/realms/acme
    client_id: control-layer
    groups_claim: groups
    allowed_domains: [example.org]`

export const PROXY_EXAMPLE = `auth:
  proxy_header:
    enabled: true
    header_name: x-control-layer-user
    email_header_name: x-control-layer-email
    trusted_peers: [10.0.0.0/8]`

export const SMTP_EXAMPLE = `email:
  transport: smtp
  sender: "Example AI <no-reply@example.org>"
  smtp:
    host: mail.example.org
    security: starttls
    username: gateway`

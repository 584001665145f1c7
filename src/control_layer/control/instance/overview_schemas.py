"""What administrators are shown of an instance: what it is, what its configuration says, what is in it. No secrets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from control_layer.control.schema import Output

__all__ = [
    "Counts",
    "InstanceOverview",
    "MailOverview",
    "OidcOverview",
    "PasswordOverview",
    "ProxyOverview",
    "Retention",
    "RetentionOverview",
    "Service",
    "SignInOverview",
    "TestMail",
]


class Counts(Output):
    """How many there are; of keys those that people made."""

    users: int
    groups: int
    models: int
    endpoints: int
    api_keys: int


class Service(Output):
    """A part of the server that can be switched on and off."""

    name: Literal["payments", "batches", "probe_scheduler", "webhooks", "tracing", "sinks", "full_text_search"]
    enabled: bool
    setting: str = Field(examples=["batches.enabled"])
    """Where the configuration says so."""


class PasswordOverview(Output):
    """Signing in with an address and a password: `auth.native`."""

    enabled: bool
    registration: bool
    """Whether people open accounts themselves."""
    min_length: int
    max_length: int
    session_seconds: float
    """How long people stay signed in."""


class OidcOverview(Output):
    """Signing in at an OpenID Connect provider: `auth.oidc`."""

    enabled: bool
    issuer: str | None
    client_id: str | None
    redirect_uri: str
    """What the provider must know of this instance."""
    groups_claim: str | None
    allowed_domains: list[str]
    auto_create_users: bool


class ProxyOverview(Output):
    """A proxy in front that says who people are: `auth.proxy_header`."""

    enabled: bool
    header_name: str
    email_header_name: str
    groups_field_name: str | None
    """Null where groups are not imported."""
    trusted_peers: list[str]
    """Empty: everybody who connects is believed."""
    auto_create_users: bool


class SignInOverview(Output):
    """How people come in."""

    password: PasswordOverview
    oidc: OidcOverview
    proxy: ProxyOverview
    scim_base_url: str
    """Where a directory writes people and groups to."""
    default_roles: list[str]
    """What new accounts get."""


class MailOverview(Output):
    """How mails leave: `email`."""

    transport: Literal["file", "smtp"]
    sender: str
    host: str | None
    port: int | None
    security: Literal["starttls", "tls", "none"] | None


class Retention(Output):
    """How long something is kept, and how much of it; null is without end."""

    max_age_seconds: float | None
    max_bytes: int | None


class RetentionOverview(Output):
    """What is kept of requests: `request_log`."""

    requests: Retention
    bodies: Retention
    sums: Retention


class InstanceOverview(Output):
    """An instance as its configuration has it. It is changed there, and read again at the next start."""

    version: str
    title: str
    region: str | None
    organization: str | None
    dashboard_url: str
    origins: dict[str, str] = Field(examples=[{"email.transport": "config.yaml, line 12"}])
    """By key of the configuration: the variable, the line of a file or the option that sets it; the rest is default."""
    counts: Counts
    services: list[Service]
    sign_in: SignInOverview
    mail: MailOverview
    retention: RetentionOverview


class TestMail(Output):
    """What became of a mail to the caller."""

    to: str
    sent: bool
    """Whether the mail server took it, or the file is written."""
    reason: str | None
    """Why not."""

"""What is wrong with settings that are right one by one: contradictions, and files that cannot be used."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from control_layer.settings import Email, GatewayTls, Oidc, ProxyHeader, Settings, Sink

__all__ = ["problems_of"]

_SECRET_KEY_LENGTH = 16
_OF_SINKS = ("obstore", "arro3")


def problems_of(settings: Settings) -> Iterator[str]:
    """Each problem in a line."""
    database = settings.database
    if database.type == "external":
        if database.url is None:
            yield "database.url is required with database.type 'external' (or set DATABASE_URL)"
        if settings.admin_password is None:
            yield (
                "admin_password is required with an external database (DATABASE_URL, database.url): set it in "
                "CONTROL_LAYER_ADMIN_PASSWORD"
            )
        if settings.secret_key is None:
            yield (
                "secret_key is required with an external database (DATABASE_URL, database.url): set SECRET_KEY to a "
                "long random text"
            )
    elif database.url is not None:
        yield "database.url is set, but database.type is 'embedded'; leave one of them out"
    if any(len(key.get_secret_value()) < _SECRET_KEY_LENGTH for key in settings.previous_secret_keys):
        yield f"previous_secret_keys: each has at least {_SECRET_KEY_LENGTH} characters, as secret_key has"
    password = settings.auth.native.password
    if password.min_length > password.max_length:
        yield "auth.native.password: min_length is more than max_length"
    cors = settings.auth.security.cors
    if "*" in cors.allowed_origins and cors.allow_credentials:
        yield "auth.security.cors: allowed_origins '*' needs allow_credentials: false, or name the origins"
    yield from _problems_of_proxy(settings.auth.proxy_header)
    if settings.auth.oidc.enabled:
        yield from _problems_of_oidc(settings.auth.oidc, settings.dashboard_url)
    if settings.payment.dummy is not None and settings.payment.stripe is not None:
        yield "payment: dummy and stripe are both set; leave one of them out"
    yield from _problems_of_email(settings.email)
    yield from _problems_of_tls(settings.gateway.tls)
    yield from _problems_of_sinks(settings.sinks)
    if settings.gateway.ca_bundle is not None:
        yield from _problems_of_bundle("gateway.ca_bundle", settings.gateway.ca_bundle)


def _problems_of_sinks(sinks: tuple[Sink, ...]) -> Iterator[str]:
    names = [sink.name for sink in sinks]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"sinks: two have the name '{name}'; how far a sink is filled is known by its name"
    missing = [package for package in _OF_SINKS if find_spec(package) is None]
    if sinks and missing:
        yield f"sinks need {' and '.join(missing)}, which come with: pip install 'control-layer[sinks]'"


def _problems_of_email(email: Email) -> Iterator[str]:
    smtp = email.smtp
    if email.transport == "smtp" and smtp.host is None:
        yield "email.smtp.host is required with email.transport 'smtp'"
    if (smtp.username is None) != (smtp.password is None):
        yield "email.smtp needs both, username and password, or neither"
    if smtp.password is not None and smtp.security == "none":
        yield "email.smtp: a password is sent over TLS only; set security to starttls or tls, or leave the password out"
    if smtp.ca_bundle is not None:
        yield from _problems_of_bundle("email.smtp.ca_bundle", smtp.ca_bundle)


def _problems_of_proxy(proxy: ProxyHeader) -> Iterator[str]:
    names = (proxy.header_name, proxy.email_header_name, proxy.groups_field_name, proxy.provider_field_name)
    if len(set(names)) != len(names):
        yield "auth.proxy_header: each of the four header fields needs a name of its own"


def _problems_of_oidc(oidc: Oidc, dashboard_url: str) -> Iterator[str]:
    if oidc.issuer is None or oidc.client_id is None:
        yield "auth.oidc needs issuer and client_id"
    elif not _is_private(oidc.issuer):
        yield "auth.oidc.issuer must begin with https:// (http:// is for localhost only)"
    if "openid" not in oidc.scopes:
        yield "auth.oidc.scopes must contain openid"
    if oidc.admin_groups and oidc.groups_claim is None:
        yield "auth.oidc.admin_groups needs groups_claim, the claim that lists people's groups"
    if not _is_private(dashboard_url):
        yield "auth.oidc needs a dashboard_url with https://: identity providers send people back there"


def _is_private(url: str) -> bool:
    """Whether nobody on the way can read or change what goes there."""
    split = urlsplit(url)
    return split.scheme == "https" or (split.scheme == "http" and split.hostname in {"localhost", "127.0.0.1", "::1"})


def _problems_of_tls(tls: GatewayTls) -> Iterator[str]:
    if tls.certificate is None and tls.key is None:
        return
    if tls.certificate is None or tls.key is None:
        yield "gateway.tls needs both, certificate and key"
        return
    unreadable = [*_unreadable("gateway.tls.certificate", tls.certificate), *_unreadable("gateway.tls.key", tls.key)]
    if unreadable:
        yield from unreadable
        return
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            tls.certificate.expanduser(), tls.key.expanduser(), password=""
        )
    except (ssl.SSLError, ValueError) as error:
        yield (
            f"gateway.tls: {tls.certificate} and {tls.key} are not a certificate and its key in PEM, "
            f"without a password ({_reason(error)})"
        )


def _problems_of_bundle(key: str, path: Path) -> Iterator[str]:
    unreadable = _unreadable(key, path)
    if unreadable:
        yield from unreadable
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path.expanduser())
    except ssl.SSLError as error:
        yield f"{key}: {path} holds no certificates in PEM ({_reason(error)})"


def _unreadable(key: str, path: Path) -> list[str]:
    try:
        path.expanduser().open("rb").close()
    except OSError as error:
        return [f"{key}: {path} cannot be read ({error.strerror})"]
    return []


def _reason(error: Exception) -> str:
    return (error.reason if isinstance(error, ssl.SSLError) else str(error)) or type(error).__name__

"""`auth.proxy_header.*` and `auth.oidc.*`: people who prove who they are elsewhere."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from control_layer.settings.section import Section

__all__ = ["RESERVED_SOURCES", "Oidc", "ProxyHeader"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]{1,128}")  # RFC 9110, 5.6.2
_TAKEN = frozenset(
    ("authorization", "connection", "content-length", "cookie", "host", "origin", "x-control-layer-peer")
)
_SOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
RESERVED_SOURCES = frozenset(("native", "system", "scim"))
"""Where groups come from that no identity provider may speak for."""


def _header_name(name: str) -> str:
    name = name.lower()
    if _TOKEN.fullmatch(name) is None:
        raise ValueError("write the name of a header field, such as x-control-layer-user")
    if name in _TAKEN:
        raise ValueError("this field has a meaning of its own; name another")
    return name


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError("write an address or a network, such as 10.0.0.7 or 10.0.0.0/8") from None


def _source(name: str) -> str:
    if _SOURCE.fullmatch(name) is None or name in RESERVED_SOURCES:
        raise ValueError("write a short name in lower case, such as oidc or keycloak; not native, system or scim")
    return name


_HeaderName = Annotated[str, AfterValidator(_header_name)]
_Network = Annotated[str, AfterValidator(_network)]
_Domain = Annotated[str, AfterValidator(str.casefold), Field(min_length=1)]


class ProxyHeader(Section):
    """A proxy in front signs people in and says who they are in header fields. It must drop what clients send there."""

    enabled: bool = False
    """Whether the fields are believed."""
    header_name: _HeaderName = "x-control-layer-user"
    """The person's id at the identity provider; their e-mail address where `email_header_name` is missing."""
    email_header_name: _HeaderName = "x-control-layer-email"
    """The person's e-mail address."""
    auto_create_users: bool = True
    """Open accounts for people who have none; else they are refused."""
    import_idp_groups: bool = False
    """Keep people's groups as `groups_field_name` says."""
    groups_field_name: _HeaderName = "x-control-layer-groups"
    """The names of the person's groups, separated by commas."""
    provider_field_name: _HeaderName = "x-control-layer-provider"
    """The identity provider's name, which becomes the `source` of imported groups."""
    blacklisted_sso_groups: tuple[str, ...] = ()
    """Groups that are not imported."""
    trusted_peers: tuple[_Network, ...] = ()
    """Addresses or networks of the proxy, such as `10.0.0.0/8`; others are not believed. None: everybody is."""


class Oidc(Section):
    """OpenID Connect: people sign in at an identity provider (authorization code with PKCE)."""

    enabled: bool = False
    """Whether people sign in there."""
    issuer: str | None = None
    """The provider's issuer, exactly as it names itself, such as `https://login.example.org/realms/acme`."""
    client_id: str | None = None
    """This instance's name at the provider. Its redirect URI is `dashboard_url` + `/authentication/oidc/callback`."""
    client_secret: SecretStr | None = None
    """Its secret; none for a public client."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    """What is asked for; many providers need one more for groups."""
    display_name: str = "Single sign-on"
    """What the button on the login page says."""
    provider_name: Annotated[str, AfterValidator(_source)] = "oidc"
    """The `source` of imported groups. Changed later, groups of the old name stay and are no longer kept."""
    groups_claim: str | None = None
    """The claim that lists people's groups, such as `groups` or `realm_access.roles`; none: groups are not imported."""
    admin_groups: tuple[str, ...] = ()
    """Whoever is in one of these groups is a PlatformManager, and nobody else of those who sign in here."""
    allowed_domains: tuple[_Domain, ...] = ()
    """Domains of e-mail addresses that may sign in; none: all."""
    auto_create_users: bool = True
    """Open accounts for people who have none; else they are refused."""
    trust_email: bool = False
    """Take addresses as verified where the provider does not say (Microsoft Entra ID does not)."""

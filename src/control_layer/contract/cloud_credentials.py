"""Credentials that buy access tokens: a Google service account's key, or a client registered in Microsoft Entra.

An endpoint's credential is a text. One that is such a JSON object is exchanged for tokens (`token_grants`); any other
is sent as it is.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

__all__ = [
    "BadCredential",
    "CloudCredential",
    "EntraClient",
    "ServiceAccount",
    "cloud_credential",
    "compact",
    "header_for",
]

T = TypeVar("T", "ServiceAccount", "EntraClient")

_GOOGLES = frozenset(("service_account", "authorized_user", "external_account", "impersonated_service_account"))
_ENTRAS = {
    "tenant": "tenant_id", "tenantId": "tenant_id", "appId": "client_id", "clientId": "client_id",
    "password": "client_secret", "clientSecret": "client_secret",
}  # fmt: skip
"""As `az ad sp create-for-rbac` calls them."""
_TENANT = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,254}")
_API_KEY = re.compile(r"AIza[\w-]+|AQ\.[\w.-]+")
"""Google's, of either kind. Access tokens look otherwise."""


class BadCredential(ValueError):
    """Why a credential cannot be exchanged for tokens, in words for an administrator. Holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount:
    """The JSON key of a Google service account (https://docs.cloud.google.com/iam/docs/keys-create-delete)."""

    client_email: str
    private_key: str = field(repr=False)
    """PEM."""
    private_key_id: str | None = None
    project_id: str | None = None
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    type: str = "service_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraClient:
    """A client with a secret, registered in a tenant of Microsoft Entra."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    authority: str = "https://login.microsoftonline.com"
    """Another one in national clouds."""
    scope: str = "https://cognitiveservices.azure.com/.default"


CloudCredential = ServiceAccount | EntraClient


def cloud_credential(text: str) -> CloudCredential | None:
    """What a credential holds; `None` for one that is sent as it is. Raises `BadCredential`."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise BadCredential("It begins as JSON does, but cannot be read: paste the whole file") from None
    kind = found.get("type")
    if "private_key" in found or (isinstance(kind, str) and kind in _GOOGLES):
        if kind != "service_account":
            raise BadCredential(f"It is of the type {kind!r}: only the key of a service_account can be used")
        return _checked(found, ServiceAccount, "token_uri", "a service account's key")
    named = {_ENTRAS.get(name, name): value for name, value in found.items()}
    if "tenant_id" in named or "client_secret" in named:
        client = _checked(named, EntraClient, "authority", "an Entra client")
        if not _TENANT.fullmatch(client.tenant_id):
            raise BadCredential("tenant_id must be the tenant's id or domain")
        return client
    return None


def compact(credential: CloudCredential) -> str:
    """Its text on one line, without what is not needed."""
    return msgspec.json.encode({name: value for name, value in asdict(credential).items() if value}).decode()


def header_for(dialect: str, header: tuple[str, str], secret: str) -> tuple[str, str]:
    """The header that takes a credential which is sent as it is, and what stands before it there.

    `header` is the endpoint's. Vertex AI takes tokens in the one and API keys in another.
    """
    if dialect == "vertex" and header == ("Authorization", "Bearer ") and _API_KEY.fullmatch(secret):
        return "x-goog-api-key", ""
    return header


def _checked(found: dict[str, Any], kind: type[T], address: str, what: str) -> T:
    try:
        credential = msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        # Such an error names fields and types, and no values.
        raise BadCredential(f"It is not the whole of {what}: {error}") from None
    empty = [name for name, value in asdict(credential).items() if value == ""]
    if empty:
        raise BadCredential(f"{empty[0]} is empty")
    if not _is_safe(getattr(credential, address)):
        raise BadCredential(f"{address} must be an https address without a query (http only on this machine)")
    return credential


def _is_safe(url: str) -> bool:
    """Secrets go there: encrypted, or not further than this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or parts.query or parts.fragment or "@" in parts.netloc or not url.isascii():
        return False
    return bool(re.fullmatch(r"[!-~]+", url)) and (
        parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

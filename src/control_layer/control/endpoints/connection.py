"""What an administrator says about reaching a provider: checked, and put into an endpoint's row."""

from __future__ import annotations

import re
import ssl
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from control_layer.contract.cloud_credentials import (
    BadCredential,
    CloudCredential,
    cloud_credential,
    compact,
    header_for,
)
from control_layer.contract.dialects import DIALECTS, DialectOptions, recognised
from control_layer.contract.sealing import CannotOpen, Seal
from control_layer.contract.token_grants import grant_for
from control_layer.control.endpoints.dialect import checked_dialect, checked_options, options_left
from control_layer.control.endpoints.discovery import Provider
from control_layer.control.endpoints.provider_url import BadProviderUrl, normalised, origin_of
from control_layer.control.endpoints.schemas import EndpointChanges, EndpointToValidate, NewEndpoint
from control_layer.control.endpoints.signing import check_signing
from control_layer.control.errors import ControlError, invalid
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = [
    "change_connection",
    "checked_aliases",
    "checked_filter",
    "new_endpoint",
    "provider_at",
    "provider_of",
    "set_connection",
    "speak",
]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")  # RFC 9110, 5.6.2
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_MAX_CA_BUNDLE = 256 * 1024
_OURS = {"host", "connection", "content-length", "content-type", "transfer-encoding", "te", "upgrade", "expect"}


def checked_url(text: str) -> str:
    """The URL as it is stored. Raises 400."""
    try:
        return normalised(text)
    except BadProviderUrl as error:
        raise invalid(str(error), code="invalid_url") from None


def new_endpoint(name: str, *, created_by: uuid.UUID) -> tables.Endpoint:
    """A row that lacks its address."""
    openai = DIALECTS["openai"]
    return tables.Endpoint(
        id=uuid.uuid4(),
        name=name,
        auth_header_name=openai.auth_header_name,
        auth_header_prefix=openai.auth_header_prefix,
        verify_tls=True,
        dialect=openai.name,
        created_by=created_by,
    )


def set_connection(row: tables.Endpoint, body: NewEndpoint | EndpointChanges, seal: Seal) -> None:
    """Puts what `body` says into the row, which must have its id; the credential sealed. Raises 400."""
    before = row.url
    if body.url is not None:
        row.url = checked_url(body.url)
    _set_dialect(row, body, before)
    if body.auth_header_name is not None:
        row.auth_header_name = _checked_header_name(body.auth_header_name)
    if body.auth_header_prefix is not None:
        row.auth_header_prefix = _checked_prefix(body.auth_header_prefix)
    if body.verify_tls is not None:
        row.verify_tls = body.verify_tls
    if "ca_bundle" in body.model_fields_set:
        row.ca_bundle = _checked_ca_bundle(body.ca_bundle)
    credential = _credential(body)
    if credential is not None:
        _check_key(credential)
        _check_project(row, credential)
        row.sealed_credential = seal.seal(credential, str(row.id))
    if not (isinstance(body, EndpointChanges) and body.remove_api_key):
        _check_signing(row, seal)


def _check_signing(row: tables.Endpoint, seal: Seal) -> None:
    """Raises 400 where Amazon would not take what we sign. A credential that cannot be read is told by its user."""
    if row.sealed_credential is None:
        return
    with suppress(CannotOpen):
        credential = seal.open(row.sealed_credential, str(row.id))
        check_signing(row.dialect, credential, row.url, msgspec.convert(row.options or {}, DialectOptions))


def speak(row: tables.Endpoint, dialect: str) -> None:
    """Gives the row a dialect, and its header for the credential unless the row has one of its own."""
    former = DIALECTS.get(row.dialect)
    if former is not None and (row.auth_header_name, row.auth_header_prefix) == former.header:
        row.auth_header_name, row.auth_header_prefix = DIALECTS[dialect].header
    row.dialect = dialect


def _set_dialect(row: tables.Endpoint, body: NewEndpoint | EndpointChanges, before: str | None) -> None:
    """What the body says; else what a new address is known for, unless somebody has said otherwise of the old one."""
    former = row.dialect
    moved = row.url != before and (before is None or row.dialect == recognised(before))
    if body.dialect is not None or moved:
        speak(row, checked_dialect(body.dialect, row.url))
    if "options" in body.model_fields_set:
        row.options = checked_options(row.dialect, body.options)
    elif row.dialect != former and row.options:
        row.options = options_left(row.dialect, row.options)


def change_connection(row: tables.Endpoint, body: EndpointChanges, seal: Seal) -> None:
    """`set_connection` for an endpoint that there is. Raises 400.

    A credential goes to the origin it was given for and to no other: who may change the address may not thereby
    learn it.
    """
    if body.remove_api_key and _credential(body) is not None:
        raise invalid("Give api_key or remove_api_key, not both")
    before = origin_of(row.url)
    kept = row.sealed_credential is not None and not body.remove_api_key and _credential(body) is None
    set_connection(row, body, seal)
    if kept and origin_of(row.url) != before:
        raise invalid(
            f"The stored credential was given for {before} and is not sent elsewhere. Give the api_key of the new "
            "address in the same request, or remove_api_key: true if it needs none",
            code="credential_bound_to_origin",
        )
    if body.remove_api_key:
        row.sealed_credential = None


def provider_of(row: tables.Endpoint, seal: Seal) -> Provider:
    """How to reach the provider behind a row. Raises 500 where its credential cannot be read."""
    credential = None
    if row.sealed_credential is not None:
        try:
            credential = seal.open(row.sealed_credential, str(row.id))
        except CannotOpen as error:
            text = f"The credential of endpoint '{row.name}' cannot be read ({error}). Set api_key again"
            raise ControlError(500, "credential_unreadable", text) from error
    return Provider(
        url=row.url,
        credential=credential,
        auth_header_name=row.auth_header_name,
        auth_header_prefix=row.auth_header_prefix,
        verify_tls=row.verify_tls,
        ca_bundle=row.ca_bundle,
        dialect=row.dialect,
        options=msgspec.convert(row.options or {}, DialectOptions),
    )


def provider_at(url: str, body: EndpointToValidate) -> Provider:
    """How to reach a provider that has no row. Raises 400."""
    name, prefix = body.auth_header_name, body.auth_header_prefix
    url = checked_url(url)
    dialect = DIALECTS[checked_dialect(body.dialect, url)]
    options = msgspec.convert(checked_options(dialect.name, body.options) or {}, DialectOptions)
    credential = _credential(body)
    if credential is not None:
        _check_key(credential)
    check_signing(dialect.name, credential, url, options)
    return Provider(
        url=url,
        credential=credential,
        auth_header_name=dialect.auth_header_name if name is None else _checked_header_name(name),
        auth_header_prefix=dialect.auth_header_prefix if prefix is None else _checked_prefix(prefix),
        verify_tls=body.verify_tls is not False,
        ca_bundle=_checked_ca_bundle(body.ca_bundle),
        dialect=dialect.name,
        options=options,
    )


def checked_filter(names: Sequence[str]) -> list[str]:
    """A model filter, trimmed. Raises 400 for a blank name."""
    return [not_blank("model_filter", name) for name in names]


def checked_aliases(aliases: Mapping[str, str]) -> dict[str, str]:
    """An alias mapping, trimmed. Raises 400 for a blank name or alias."""
    return {not_blank("model_name", name): not_blank("alias", alias) for name, alias in aliases.items()}


def _credential(body: NewEndpoint | EndpointChanges | EndpointToValidate) -> str | None:
    """A blank key is none: forms send what nobody filled in. The JSON of one that buys tokens is put on one line."""
    credential = "" if body.api_key is None else body.api_key.get_secret_value().strip()
    account = _account(credential)
    if account is not None:
        return compact(account)
    if not _PRINTABLE.fullmatch(credential):
        raise invalid("api_key must be printable ASCII without line breaks")
    return credential or None


def _account(credential: str) -> CloudCredential | None:
    try:
        return cloud_credential(credential)
    except BadCredential as error:
        raise invalid(f"api_key cannot be used. {error}", code="invalid_credential") from None


def _check_key(credential: str) -> None:
    """Raises 400 where it holds a private key that is none."""
    account = _account(credential)
    if account is not None:
        try:
            grant_for(account)
        except BadCredential as error:
            raise invalid(f"api_key cannot be used. {error}", code="invalid_credential") from None


def _check_project(row: tables.Endpoint, credential: str) -> None:
    """Raises 400 where a token is given for Vertex AI and no project, which only service accounts and API keys have."""
    header = (row.auth_header_name, row.auth_header_prefix)
    if (
        row.dialect == "vertex"
        and _account(credential) is None
        and header_for(row.dialect, header, credential) == header
        and "project" not in (row.options or {})
        and "/projects/" not in row.url
    ):
        raise invalid(
            "api_key is an access token, which belongs to no project: give options.project, or a service account's "
            "key (its whole JSON file)",
            code="invalid_options",
        )


def _checked_header_name(name: str) -> str:
    name = name.strip()
    if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
        raise invalid("auth_header_name must be the name of an HTTP header that can carry a credential")
    return name


def _checked_prefix(prefix: str) -> str:
    if not _PRINTABLE.fullmatch(prefix):
        raise invalid("auth_header_prefix must be printable ASCII without line breaks")
    return prefix


def _checked_ca_bundle(bundle: str | None) -> str | None:
    if bundle is None or not bundle.strip():
        return None
    if len(bundle) > _MAX_CA_BUNDLE:
        raise invalid(f"ca_bundle is larger than {_MAX_CA_BUNDLE} bytes")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=bundle)
    except (ssl.SSLError, ValueError):
        raise invalid("ca_bundle must be one or more certificates in PEM") from None
    return bundle

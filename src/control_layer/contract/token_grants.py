"""How access tokens are asked for: what is sent where, and what the answer says. No I/O; both planes ask in this way.

RFC 7523 for Google's service accounts (https://developers.google.com/identity/protocols/oauth2/service-account#httprest),
RFC 6749, 4.4, for clients of Microsoft Entra.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from control_layer.contract.cloud_credentials import BadCredential, CloudCredential, EntraClient, ServiceAccount

__all__ = ["AccessToken", "NoToken", "TokenGrant", "grant_for", "read_token"]

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 3600  # the most that Google takes
_OK = 200
_ERRORS_FROM, _BROKEN_FROM = 400, 500
_LIMITED = 429
_PASSING = frozenset(("temporarily_unavailable", "server_error", "slow_down"))
"""Errors under 4xx that are nobody's fault."""
_SENDABLE = re.compile(r"[!-~]+")
_MAX_SAID = 300
_MAX_SECONDS = 24 * 3600
_LEAST_SECONDS = 1


class TokenGrant(ABC):
    """What buys the tokens of one credential."""

    __slots__ = ()

    @property
    @abstractmethod
    def url(self) -> str:
        """Where to post it."""

    @abstractmethod
    def form(self, now: float) -> bytes:
        """The body, as application/x-www-form-urlencoded. `now`: Unix time."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and for how many seconds it is good from when it was asked for."""

    value: str = field(repr=False)
    seconds: float


class NoToken(Exception):
    """The answer brings none. The text is for operators; `refused`: another try will bring none either."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


def grant_for(credential: CloudCredential) -> TokenGrant:
    """Raises `BadCredential` for a key that cannot be used."""
    if isinstance(credential, EntraClient):
        return _ClientGrant(credential)
    return _AssertionGrant(credential)


class _ClientGrant(TokenGrant):
    __slots__ = ("_client",)

    def __init__(self, client: EntraClient) -> None:
        self._client = client

    @property
    def url(self) -> str:
        return f"{self._client.authority.rstrip('/')}/{self._client.tenant_id}/oauth2/v2.0/token"

    def form(self, now: float) -> bytes:
        del now
        client = self._client
        return urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": client.client_id,
                "client_secret": client.client_secret,
                "scope": client.scope,
            }
        ).encode()


class _AssertionGrant(TokenGrant):
    __slots__ = ("_account", "_key")

    def __init__(self, account: ServiceAccount) -> None:
        self._account = account
        try:
            key = load_pem_private_key(account.private_key.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise BadCredential("private_key cannot be read: it must be a whole private key in PEM") from None
        if not isinstance(key, RSAPrivateKey):
            raise BadCredential("private_key must be an RSA key")
        self._key = key

    @property
    def url(self) -> str:
        return self._account.token_uri

    def form(self, now: float) -> bytes:
        return urlencode({"grant_type": _JWT_BEARER, "assertion": self._assertion(int(now))}).encode()

    def _assertion(self, now: int) -> str:
        """A JWS in its compact form (RFC 7515, 7.1). The libraries for it take a tenth of a second to load, for which
        a gateway would answer nobody.
        """
        account = self._account
        head = {"alg": "RS256", "typ": "JWT"}
        if account.private_key_id is not None:
            head["kid"] = account.private_key_id
        claims = {
            "iss": account.client_email,
            "scope": _SCOPE,
            "aud": account.token_uri,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        signed = b".".join((_base64(msgspec.json.encode(head)), _base64(msgspec.json.encode(claims))))
        return b".".join((signed, _base64(self._key.sign(signed, PKCS1v15(), SHA256())))).decode()


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: int | float | str = 3600


class _Error(msgspec.Struct):
    error: str
    error_description: str = ""


_decode = msgspec.json.Decoder(_Answer).decode
_decode_error = msgspec.json.Decoder(_Error).decode


def read_token(status: int, body: bytes) -> AccessToken:
    """What the answer brings. Raises `NoToken`."""
    if status != _OK:
        raise _refusal(status, body)
    try:
        answer = _decode(body)
        seconds = float(answer.expires_in)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        raise NoToken("the answer has no access token", refused=False) from None
    if not _SENDABLE.fullmatch(answer.access_token):
        raise NoToken("the answer's access token cannot be sent", refused=False)
    if not seconds >= _LEAST_SECONDS:
        raise NoToken("the answer's access token has expired already", refused=False)
    return AccessToken(answer.access_token, min(seconds, _MAX_SECONDS))


def _refusal(status: int, body: bytes) -> NoToken:
    try:
        error = _decode_error(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return NoToken(f"status {status}", refused=False)
    said = f"status {status}, {error.error}: {error.error_description}".rstrip(": ")
    said = " ".join(said.split())[:_MAX_SAID]
    ours = _ERRORS_FROM <= status < _BROKEN_FROM and status != _LIMITED
    return NoToken(said, refused=ours and error.error not in _PASSING)

"""ID tokens (OpenID Connect Core 1.0, 3.1.3.7): signed by the provider, for us, for this attempt, still valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet

__all__ = ["Expected", "NotTrusted", "UnknownKey", "read_id_token", "signing_keys"]

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Asymmetric ones only: a token is proof of the provider, not of somebody who knows a shared secret."""
_KEY_TYPES = frozenset(("RSA", "EC"))
_LEEWAY_SECONDS = 30
_MAX_SUBJECT = 255  # OpenID Connect Core 1.0, 2


class NotTrusted(Exception):
    """Why the token is not accepted, for the log. Holds nothing of the token."""


class UnknownKey(NotTrusted):
    """The token names a key that is not in the set: the provider may have a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the token must say."""

    issuer: str
    client_id: str
    nonce: str


def signing_keys(keys: list[dict[str, Any]]) -> KeySet:
    """The keys of a provider's set (RFC 7517) that may sign tokens; others are passed over."""
    usable = []
    for key in keys:
        if key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig":
            try:
                usable.append(JWKRegistry.import_key(key))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    return KeySet(usable)


def read_id_token(
    token: str, keys: KeySet, expected: Expected, *, access_token: str | None, now: datetime
) -> dict[str, Any]:
    """The claims. Raises `NotTrusted`, of which `UnknownKey` is worth a second look at the provider's keys."""
    try:
        signed = jwt.decode(token, keys, algorithms=_ALGORITHMS)
    except (InvalidKeyIdError, BadSignatureError):
        # Keys without ids can only be tried.
        raise UnknownKey("the ID token is not signed with a key that the provider publishes") from None
    except (JoseError, ValueError, TypeError) as error:
        raise NotTrusted(f"the ID token's signature is not valid ({type(error).__name__})") from None
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        options={
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
        },
        params={"nonce": expected.nonce, "client_id": expected.client_id, "access_token": access_token},
    )
    try:
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_SECONDS)
    except JoseError as error:
        raise NotTrusted(f"the ID token is not for us, or not valid any more ({error})") from None
    except (ValueError, TypeError) as error:
        raise NotTrusted(f"the ID token's claims cannot be read ({type(error).__name__})") from None
    if not 0 < len(claims["sub"]) <= _MAX_SUBJECT:
        raise NotTrusted("the ID token's subject is empty or too long")
    return dict(claims)

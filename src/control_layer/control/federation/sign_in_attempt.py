"""A sign-in under way: bound to the browser that began it, by a cookie that only we can read or make."""

from __future__ import annotations

import base64
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from http.cookies import SimpleCookie

import msgspec

from control_layer.contract.sealing import CannotOpen, Seal

__all__ = ["Attempt", "Attempts"]

_COOKIE = "control_layer_sign_in"
_PATH = "/authentication/oidc"
_LIFETIME = timedelta(minutes=10)
_CONTEXT = "attempt"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What must come back unchanged, and where the person wanted to go."""

    state: str
    """Ties the provider's answer to the browser (RFC 6749, 10.12)."""
    nonce: str
    """Ties the ID token to the attempt (OpenID Connect Core 1.0, 3.1.2.1)."""
    verifier: str
    """Ties the code to us (RFC 7636)."""
    return_to: str
    """A path of ours."""
    account: uuid.UUID | None
    """The account to link, of somebody who was signed in already."""
    expires: datetime

    @classmethod
    def new(cls, return_to: str, now: datetime, *, account: uuid.UUID | None = None) -> Attempt:
        """One with fresh randomness, 256 bits each."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(
            state=state, nonce=nonce, verifier=verifier, return_to=return_to, account=account, expires=now + _LIFETIME
        )

    def answers(self, state: str) -> bool:
        """Whether `state` is this attempt's."""
        return hmac.compare_digest(self.state.encode(), state.encode())


class Attempts:
    """Writes, reads and clears the cookie. One attempt at a time per browser: the last one begun."""

    def __init__(self, secret_key: str, *, secure: bool) -> None:
        self._seal = Seal(secret_key, "sign-in")
        self._secure = secure

    def cookie(self, attempt: Attempt) -> str:
        """The value of `Set-Cookie` that begins the attempt."""
        sealed = self._seal.seal(msgspec.json.encode(attempt).decode(), _CONTEXT)
        return self._line(base64.urlsafe_b64encode(sealed).decode().rstrip("="), int(_LIFETIME.total_seconds()))

    def cleared(self) -> str:
        """The value of `Set-Cookie` that ends it: an attempt is good for one answer."""
        return self._line("", 0)

    def read(self, cookies: dict[str, str], now: datetime) -> Attempt | None:
        """The attempt of this browser; `None` without one that is still valid."""
        value = cookies.get(_COOKIE, "")
        try:
            sealed = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
            attempt = msgspec.json.decode(self._seal.open(sealed, _CONTEXT), type=Attempt)
        except (ValueError, CannotOpen, msgspec.DecodeError):
            return None
        return attempt if now < attempt.expires else None

    def _line(self, value: str, max_age: int) -> str:
        jar: SimpleCookie = SimpleCookie()
        jar[_COOKIE] = value
        morsel = jar[_COOKIE]
        morsel["path"] = _PATH
        morsel["httponly"] = True
        morsel["samesite"] = "lax"  # the provider's page sends the browser back: a strict cookie would stay behind
        morsel["max-age"] = str(max_age)
        if self._secure:
            morsel["secure"] = True
        return morsel.OutputString()

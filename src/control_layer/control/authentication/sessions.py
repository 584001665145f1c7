"""The session cookie (§2.2): a JWT that says who, and nothing about rights, which are read anew at each request.

A token opens something only while the database knows its digest (`session_records`).
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from http.cookies import SimpleCookie

import jwt

from control_layer.contract.sealing import derive_key
from control_layer.settings import Auth

__all__ = ["Sessions"]

_ALGORITHM = "HS256"


class Sessions:
    """Makes, reads and clears session cookies. Only the current `secret_key` counts: a new one signs everybody out."""

    def __init__(self, secret_key: str, auth: Auth) -> None:
        self._key = derive_key(secret_key, "session")
        self._lifetime: timedelta = auth.security.jwt_expiry
        self._cookie = auth.native.session

    @property
    def cookie_name(self) -> str:
        return self._cookie.cookie_name

    def expiry(self, issued: datetime) -> datetime:
        """When a token issued at that moment expires; a whole second."""
        return (issued + self._lifetime).replace(microsecond=0)

    def token(self, user_id: uuid.UUID, issued: datetime) -> str:
        """A token of the configured lifetime. `iat` has its fraction of a second (RFC 7519, 2: NumericDate).

        So two tokens of one person are the same only if they are issued in the same microsecond.
        """
        claims = {"sub": str(user_id), "iat": issued.timestamp(), "exp": self.expiry(issued)}
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def user_id(self, token: str, now: datetime) -> uuid.UUID | None:
        """Whose token it is; `None` when it is expired or not ours."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                # The clock is ours, so that tests can turn it.
                options={"require": ["sub", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
            if not isinstance(claims["exp"], int) or claims["exp"] <= now.timestamp():
                return None
            return uuid.UUID(claims["sub"])
        except (jwt.InvalidTokenError, ValueError):
            return None

    def digest(self, token: str) -> bytes:
        """What the database knows a token by: its SHA-256."""
        return hashlib.sha256(token.encode()).digest()

    def cookie(self, token: str) -> str:
        """The value of `Set-Cookie` that hands a token to a browser."""
        return self._line(token, int(self._cookie.timeout.total_seconds()))

    def cleared(self) -> str:
        """The value of `Set-Cookie` that ends it."""
        return self._line("", 0)

    def _line(self, value: str, max_age: int) -> str:
        settings = self._cookie
        jar: SimpleCookie = SimpleCookie()
        jar[settings.cookie_name] = value
        morsel = jar[settings.cookie_name]
        morsel["path"] = "/"
        morsel["httponly"] = True
        morsel["samesite"] = settings.cookie_same_site
        morsel["max-age"] = str(max_age)
        if settings.cookie_secure:
            morsel["secure"] = True
        if settings.cookie_domain:
            morsel["domain"] = settings.cookie_domain
        return morsel.OutputString()

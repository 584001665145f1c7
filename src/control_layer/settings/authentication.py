"""`auth.*`: how people prove who they are."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from control_layer.settings.federation import Oidc, ProxyHeader
from control_layer.settings.section import Duration, Section

__all__ = ["Auth", "Cors", "KeyRate", "KeyRates", "Password", "RoleName"]

RoleName = Literal[
    "PlatformManager",
    "RequestViewer",
    "StandardUser",
    "BillingManager",
    "BatchAPIUser",
    "BackgroundInferenceUser",
    "ConnectionsUser",
]
"""The roles of `control.permissions`, which a test holds to this."""


class Password(Section):
    """Lengths in bytes."""

    min_length: int = Field(8, ge=1)
    """The shortest password."""
    max_length: int = Field(64, ge=8, le=1024)
    """The longest."""


class Session(Section):
    """The session cookie."""

    timeout: Duration = timedelta(hours=24)
    """How long a browser keeps it."""
    cookie_name: str = "control_layer_session"
    """Its name."""
    cookie_secure: bool = True
    """Sent over HTTPS only (browsers count localhost as secure)."""
    cookie_same_site: Literal["strict", "lax", "none"] = "strict"
    """Whether links from other sites carry it."""
    cookie_domain: str | None = None
    """Its domain; by default this host only."""


class NativeAuth(Section):
    """E-mail and password."""

    enabled: bool = True
    """Whether people sign in with it."""
    allow_registration: bool = False
    """Whether anybody may make an account."""
    password: Password = Password()
    """Lengths."""
    session: Session = Session()
    """The cookie."""
    password_reset_token_duration: Duration = timedelta(minutes=30)
    """How long the link of a password reset works."""


class Cors(Section):
    """Which other origins' pages may call the management API."""

    allowed_origins: tuple[str, ...] = ()
    """Such as `https://tools.example.org`; none by default."""
    allow_credentials: bool = True
    """Whether they may act for a signed-in person."""
    max_age: Duration = timedelta(hours=1)
    """How long browsers remember the answer."""
    exposed_headers: tuple[str, ...] = ()
    """Response fields that their scripts may read."""


class SecurityHeaders(Section):
    """Fields that every answer of the control plane carries."""

    enabled: bool = True
    """Send them."""


class Security(Section):
    """Sessions, cross-origin access and response headers."""

    jwt_expiry: Annotated[Duration, Field(ge=timedelta(minutes=5), le=timedelta(days=30))] = timedelta(hours=24)
    """How long a session lasts; 5 minutes to 30 days."""
    cors: Cors = Cors()
    """Cross-origin access."""
    headers: SecurityHeaders = SecurityHeaders()
    """`X-Content-Type-Options` and its like."""


class KeyRate(Section):
    """What each key may take that has no rate of its own; nothing: as much as it likes."""

    requests_per_second: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Requests per second of each key that has no rate of its own; none: as many as it likes."""
    burst_size: int | None = Field(None, ge=1)
    """How many may come at once after a pause; by default as many as come in a second."""

    @model_validator(mode="after")
    def _of_a_rate(self) -> Self:
        if self.burst_size is not None and self.requests_per_second is None:
            raise ValueError("burst_size needs requests_per_second")
        return self

    @property
    def burst(self) -> float:
        """The burst that holds."""
        return max(1.0, self.burst_size or ceil(self.requests_per_second or 0.0))


class KeyRates(Section):
    """Defaults for keys that have no rate of their own, by the tier of their owner's account."""

    verified: KeyRate = KeyRate()
    """Of accounts that have proven a payment method."""
    unverified: KeyRate = KeyRate()
    """Of all others."""


class Auth(Section):
    """How people prove who they are."""

    native: NativeAuth = NativeAuth()
    """E-mail and password."""
    proxy_header: ProxyHeader = ProxyHeader()
    """A proxy that signs people in."""
    oidc: Oidc = Oidc()
    """OpenID Connect."""
    default_user_roles: tuple[RoleName, ...] = ("StandardUser", "BackgroundInferenceUser")
    """Roles of people who register or are signed in for the first time."""
    security: Security = Security()
    """Sessions and browsers."""
    rate_limits: KeyRates = KeyRates()
    """Defaults for keys."""

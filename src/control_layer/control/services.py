"""What requests need beside their own transaction, put together once by `app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from control_layer.contract.sealing import Seal
from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.authentication.passwords import Passwords
from control_layer.control.authentication.sessions import Sessions
from control_layer.control.authentication.throttle import LoginThrottle, ResetThrottle
from control_layer.control.errands import Errands
from control_layer.control.federation.oidc_provider import OidcProvider
from control_layer.control.federation.proxy_headers import ProxyHeaders
from control_layer.control.federation.recent_claims import RecentClaims
from control_layer.control.federation.sign_in_attempt import Attempts
from control_layer.control.files.slots import UploadSlots
from control_layer.control.first_start.generated_password import GeneratedPassword
from control_layer.control.leases.conditions import Conditions
from control_layer.control.mail.post import Post
from control_layer.control.own_gateway import OwnGateway
from control_layer.control.payments.provider import PaymentProvider
from control_layer.control.request_log.tail import Tail
from control_layer.control.simulated.simulation import Simulation
from control_layer.control.snapshots.in_force import InForce
from control_layer.control.stored_responses.received import Received
from control_layer.settings import Settings

__all__ = ["Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Long-lived parts; none of them belongs to a request."""

    settings: Settings
    setting_origins: Mapping[str, str]
    """By key: where what is set stands."""
    database: async_sessionmaker[AsyncSession]
    provider_credentials: Seal
    key_secrets: Seal
    """For secrets of API keys that must be read back: hidden, lent, waiting for a holder's first look."""
    webhook_secrets: Seal
    guardrail_secrets: Seal
    system_key: KeySecret
    own_gateway: OwnGateway
    in_force: InForce
    """Whether the gateways of this host have been told."""
    conditions: Conditions
    """How deployments fare at the gateways of this host."""
    simulation: Simulation
    """The simulated provider of this host."""
    received_responses: Received
    """Responses that are not in the database yet."""
    upload_slots: UploadSlots
    sessions: Sessions
    passwords: Passwords
    generated_password: GeneratedPassword
    """The administrator's, where the configuration has none."""
    throttle: LoginThrottle
    proxy_headers: ProxyHeaders
    recent_claims: RecentClaims
    attempts: Attempts
    oidc: OidcProvider | None
    """`None` where people do not sign in at a provider."""
    reset_throttle: ResetThrottle
    payments: PaymentProvider | None
    """`None` where nobody can pay."""
    errands: Errands
    tail: Tail
    """Requests as they are recorded, for all who watch."""
    post: Post
    now: Callable[[], datetime]
    """The time, in UTC."""

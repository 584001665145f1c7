"""The payment provider for trials: it keeps nothing, its session ids say everything (§4.11). Pure."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

__all__ = [
    "MalformedSession",
    "PaymentSession",
    "SetupSession",
    "customer_of",
    "portal_url",
    "read_session",
    "return_url",
]

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PAYMENT = re.compile(f"dummy_session_({_ID})_({_ID})_({_ID})")
_SETUP = re.compile(f"dummy_setup_({_ID})_({_ID})")


class MalformedSession(Exception):
    """A session id that this provider never gave."""


@dataclass(frozen=True, slots=True)
class PaymentSession:
    """Somebody pays for somebody's credits."""

    creditee: uuid.UUID
    payer: uuid.UUID
    nonce: uuid.UUID

    def __str__(self) -> str:
        return f"dummy_session_{self.creditee}_{self.payer}_{self.nonce}"


@dataclass(frozen=True, slots=True)
class SetupSession:
    """Somebody proves a payment method."""

    user: uuid.UUID
    nonce: uuid.UUID

    def __str__(self) -> str:
        return f"dummy_setup_{self.user}_{self.nonce}"


def read_session(session_id: str) -> PaymentSession | SetupSession:
    """The session of an id. Raises `MalformedSession`."""
    if match := _PAYMENT.fullmatch(session_id):
        return PaymentSession(*map(uuid.UUID, match.groups()))
    if match := _SETUP.fullmatch(session_id):
        return SetupSession(*map(uuid.UUID, match.groups()))
    raise MalformedSession


def return_url(dashboard_url: str, session: PaymentSession | SetupSession, creditee: uuid.UUID | None = None) -> str:
    """Where a browser goes when it has paid, which here is at once. `creditee`: as it was asked for."""
    user = {} if creditee is None else {"user": str(creditee)}
    return _page(dashboard_url, {**user, "payment": "success", "session_id": str(session)})


def portal_url(dashboard_url: str, customer_id: str) -> str:
    """Where a customer would look after their payment methods."""
    return _page(dashboard_url, {"dummy_billing_portal": "true", "customer_id": customer_id})


def customer_of(user: uuid.UUID) -> str:
    """The id that this provider knows a user by."""
    return f"dummy_customer_{user}"


def _page(dashboard_url: str, query: dict[str, str]) -> str:
    return f"{dashboard_url.rstrip('/')}/cost-management?{urlencode(query)}"

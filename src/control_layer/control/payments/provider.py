"""What a payment provider does for us, and what it tells us, whichever provider it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from control_layer.settings import Settings
from control_layer.settings.billing import Payment

__all__ = [
    "Account",
    "BadSignature",
    "Charge",
    "ChargeDeclined",
    "Charged",
    "MalformedSession",
    "NotPaid",
    "Paid",
    "PaymentProvider",
    "Proven",
    "ProviderFailed",
    "Purchase",
    "UnknownSession",
    "WebhooksNotSent",
    "open_provider",
]


class MalformedSession(Exception):
    """A session id that this provider never gave."""


class UnknownSession(Exception):
    """The provider knows no such session, or it is none of ours."""


class NotPaid(Exception):
    """The session is there, and nobody has paid yet."""


class BadSignature(Exception):
    """A webhook that the provider did not send, or sent too long ago."""


class WebhooksNotSent(Exception):
    """This provider sends none."""


class ProviderFailed(Exception):
    """The provider could not be asked, or did not do what it was asked. The message is for the log; no secret in it."""


class ChargeDeclined(Exception):
    """The provider says no, for good; the message is a word of its own, such as `card_declined`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who pays."""

    id: uuid.UUID
    email: str
    customer: str | None
    """What the provider knows them by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Credits that somebody is about to buy."""

    payer: Account
    creditee: uuid.UUID
    named_creditee: bool
    """The creditee was asked for by name, and the browser comes back to its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A purchase that was paid for."""

    source_id: str
    """Once for each purchase: the idempotency key of the ledger."""
    creditee: uuid.UUID
    payer: uuid.UUID
    amount: Decimal
    """Credits; 0 where the provider asked for no money."""
    description: str
    customer: str | None = None
    verifies: bool = False
    """It shows that the payer has a payment method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Somebody has a payment method."""

    user: uuid.UUID
    customer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money to be taken while nobody is there."""

    id: uuid.UUID
    """The idempotency key: asked for twice, it is taken once."""
    account: Account
    amount: Decimal
    begun_at: datetime
    asked_before: bool
    """It may have been taken already, though nobody could tell us."""


@dataclass(frozen=True, slots=True)
class Charged:
    """Money that was taken."""

    id: str
    """The provider's."""
    amount: Decimal
    """As it was rounded to the currency's smallest unit."""


class PaymentProvider(Protocol):
    """One of them is configured. Every method that asks somebody raises `ProviderFailed`."""

    async def begin_payment(self, purchase: Purchase) -> str:
        """The URL where the browser pays."""
        ...

    async def begin_setup(self, account: Account) -> str:
        """The URL where the browser proves a payment method."""
        ...

    async def finished(self, session_id: str) -> Paid | Proven:
        """What came of a session. Raises `MalformedSession`, `UnknownSession`, `NotPaid`."""
        ...

    async def customer_of(self, account: Account) -> str:
        """What the provider knows an account by, from now on if not before."""
        ...

    async def portal(self, customer: str) -> str:
        """The URL where a customer looks after their payment methods."""
        ...

    async def can_charge(self, customer: str) -> bool:
        """Whether there is a payment method to take money from."""
        ...

    async def charge(self, charge: Charge) -> Charged | None:
        """What was taken; `None` while that is not known. Raises `ChargeDeclined`."""
        ...

    def reported(self, body: bytes, signature: str | None) -> Paid | Proven | None:
        """What a webhook tells; `None` for what does not concern us. Raises `BadSignature`, `WebhooksNotSent`."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


def open_provider(settings: Settings) -> PaymentProvider | None:
    """The configured one. Raises `ValueError` for settings that name two, or that anybody could forge payments with."""
    # Imported here, so that nobody loads a provider's library who has another.
    payment: Payment = settings.payment
    if payment.dummy is not None and payment.stripe is not None:
        raise ValueError("payment: dummy and stripe are both set; leave one of them out")
    if payment.dummy is not None:
        from control_layer.control.payments.dummy import DummyProvider

        return DummyProvider(payment.dummy.amount, settings.dashboard_url)
    if payment.stripe is not None:
        from control_layer.control.payments.stripe_provider import StripeProvider

        return StripeProvider(payment.stripe, settings.dashboard_url)
    return None

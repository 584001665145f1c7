"""The payment provider for trials: it keeps nothing, its session ids say everything (§4.11)."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal

from control_layer.control.payments.provider import (
    Account,
    Charge,
    Charged,
    MalformedSession,
    Paid,
    Proven,
    Purchase,
    WebhooksNotSent,
)
from control_layer.control.payments.return_urls import came_back, portal_stub_url

__all__ = ["DummyProvider"]

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PAYMENT = re.compile(f"dummy_session_({_ID})_({_ID})_({_ID})")
_SETUP = re.compile(f"dummy_setup_({_ID})_({_ID})")


class DummyProvider:
    """Everything is paid for at once, and nobody pays."""

    def __init__(self, amount: Decimal, dashboard_url: str) -> None:
        self._amount = amount
        self._dashboard_url = dashboard_url

    async def begin_payment(self, purchase: Purchase) -> str:
        session_id = f"dummy_session_{purchase.creditee}_{purchase.payer.id}_{uuid.uuid4()}"
        user = purchase.creditee if purchase.named_creditee else None
        return came_back(self._dashboard_url, "success", session_id, user=user)

    async def begin_setup(self, account: Account) -> str:
        return came_back(self._dashboard_url, "success", f"dummy_setup_{account.id}_{uuid.uuid4()}")

    async def finished(self, session_id: str) -> Paid | Proven:
        if match := _PAYMENT.fullmatch(session_id):
            creditee, payer, _ = map(uuid.UUID, match.groups())
            return Paid(
                source_id=session_id,
                creditee=creditee,
                payer=payer,
                amount=self._amount,
                description="Dummy payment (test)",
            )
        if match := _SETUP.fullmatch(session_id):
            user = uuid.UUID(match[1])
            return Proven(user=user, customer=_customer(user))
        raise MalformedSession

    async def customer_of(self, account: Account) -> str:
        return account.customer or _customer(account.id)

    async def portal(self, customer: str) -> str:
        return portal_stub_url(self._dashboard_url, customer)

    async def can_charge(self, customer: str) -> bool:
        del customer
        return True

    async def charge(self, charge: Charge) -> Charged | None:
        return Charged(f"dummy_charge_{charge.id}", charge.amount)

    def reported(self, body: bytes, signature: str | None) -> Paid | Proven | None:
        del body, signature
        raise WebhooksNotSent

    async def close(self) -> None:
        """There is nothing to let go of."""


def _customer(user: uuid.UUID) -> str:
    return f"dummy_customer_{user}"

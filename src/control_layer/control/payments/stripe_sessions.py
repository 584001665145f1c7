"""What a Checkout Session of Stripe's says, from its API or from a webhook. Pure.

https://docs.stripe.com/api/checkout/sessions/object names the fields.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal

from control_layer.control.payments.currency import from_minor
from control_layer.control.payments.provider import NotPaid, Paid, Proven, UnknownSession

__all__ = ["PAYER", "read_session"]

PAYER = "control_layer_payer"
"""The member of a session's metadata that says who pays."""
_PAID = frozenset({"paid", "no_payment_required"})


def read_session(session: Mapping[str, object]) -> Paid | Proven:
    """What came of it. Raises `NotPaid`; `UnknownSession` for one that was not begun by us."""
    account = _id(session.get("client_reference_id"))
    match session.get("mode"):
        case "setup":
            return _proven(session, account)
        case "payment" | None:
            return _paid(session, account)
        case _:
            raise UnknownSession


def _proven(session: Mapping[str, object], account: uuid.UUID) -> Proven:
    if session.get("status") != "complete":
        raise NotPaid
    return Proven(user=account, customer=_customer(session))


def _paid(session: Mapping[str, object], creditee: uuid.UUID) -> Paid:
    if session.get("payment_status") not in _PAID:
        raise NotPaid
    session_id, amount, currency = session.get("id"), session.get("amount_subtotal"), session.get("currency")
    if not isinstance(session_id, str) or not isinstance(amount, int) or not isinstance(currency, str):
        raise UnknownSession
    # What was bought: less discounts, and without the taxes that `amount_total` holds.
    amount -= _discount(session.get("total_details"))
    metadata = session.get("metadata")
    payer = metadata.get(PAYER) if isinstance(metadata, Mapping) else None
    return Paid(
        source_id=session_id,
        creditee=creditee,
        payer=creditee if payer is None else _id(payer),
        amount=max(from_minor(amount, currency), Decimal(0)),
        description="Payment through Stripe",
        customer=_customer(session),
        verifies=session.get("payment_status") == "paid",
    )


def _id(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise UnknownSession from None


def _customer(session: Mapping[str, object]) -> str | None:
    """Its id; a session holds the whole customer where somebody asked for that."""
    customer = session.get("customer")
    if isinstance(customer, Mapping):
        customer = customer.get("id")
    return customer if isinstance(customer, str) else None


def _discount(details: object) -> int:
    amount = details.get("amount_discount") if isinstance(details, Mapping) else None
    return amount if isinstance(amount, int) else 0

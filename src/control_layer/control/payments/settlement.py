"""What a finished session does to an account, once however often it is told: the account's row is locked first."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.payments.dummy import PaymentSession, SetupSession, customer_of
from control_layer.control.transactions.posting import movement
from control_layer.control.users.queries import find_user
from control_layer.settings import Credits
from control_layer.store import tables
from control_layer.store.tables import Transaction

__all__ = ["UnknownAccount", "settle_payment", "settle_setup"]


class UnknownAccount(Exception):
    """The session's account does not exist any more."""


async def settle_payment(session: AsyncSession, paid: PaymentSession, amount: Decimal, given: Credits) -> None:
    """Books the purchase, and what is given with an account's first. Raises `UnknownAccount`."""
    creditee = await _locked(session, paid.creditee)
    source = str(paid)
    if await _booked(session, source):
        return
    match = min(amount, given.first_payment_match_up_to)
    if match > 0 and not await _has_purchased(session, creditee.id):
        _book(session, creditee.id, "admin_grant", match, f"{source}:first-payment-match", "First payment match")
    _book(session, creditee.id, "purchase", amount, source, await _description(session, paid))
    await session.flush()


async def settle_setup(session: AsyncSession, proven: SetupSession, given: Credits, now: datetime) -> None:
    """Notes that the account has a payment method, and gives what is given for it once. Raises `UnknownAccount`."""
    user = await _locked(session, proven.user)
    if not user.verified or user.payment_provider_id is None:
        user.verified = True
        user.payment_provider_id = user.payment_provider_id or customer_of(user.id)
        user.updated_at = now
    source = f"{user.id}:verification-credits"
    if given.verification_credits > 0 and not await _booked(session, source):
        amount = given.verification_credits
        _book(session, user.id, "admin_grant", amount, source, "Credits for a verified payment method")
    await session.flush()


async def _locked(session: AsyncSession, user_id: uuid.UUID) -> tables.User:
    user = await find_user(session, user_id, lock=True)
    if user is None:
        raise UnknownAccount
    return user


async def _booked(session: AsyncSession, source_id: str) -> bool:
    return await session.scalar(select(Transaction.id).where(Transaction.source_id == source_id)) is not None


async def _has_purchased(session: AsyncSession, user_id: uuid.UUID) -> bool:
    purchases = select(Transaction.id).where(Transaction.user_id == user_id, Transaction.transaction_type == "purchase")
    return await session.scalar(purchases.limit(1)) is not None


async def _description(session: AsyncSession, paid: PaymentSession) -> str:
    text = "Dummy payment (test)"
    payer = None if paid.payer == paid.creditee else await find_user(session, paid.payer)
    return text if payer is None else f"{text} from {payer.display_name or payer.username}"


def _book(
    session: AsyncSession, user_id: uuid.UUID, kind: str, amount: Decimal, source_id: str, description: str
) -> None:
    session.add(
        movement(user_id=user_id, transaction_type=kind, amount=amount, source_id=source_id, description=description)
    )

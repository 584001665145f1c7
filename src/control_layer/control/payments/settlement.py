"""What a finished session does to accounts, once however often it is told: their rows are locked first."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.payments.provider import Paid, Proven
from control_layer.control.transactions.posting import movement
from control_layer.control.users.queries import visible
from control_layer.settings import Credits
from control_layer.store import tables
from control_layer.store.tables import Transaction

__all__ = ["UnknownAccount", "settle"]


class UnknownAccount(Exception):
    """The session's account does not exist any more, or never did."""


async def settle(session: AsyncSession, told: Paid | Proven, given: Credits, now: datetime) -> None:
    """Books what was paid and what is given for it, and notes what was proven. Raises `UnknownAccount`."""
    if isinstance(told, Proven):
        accounts = await _locked(session, told.user)
        await _prove(session, accounts[told.user], told.customer, given, now)
    else:
        await _settle_payment(session, told, given, now)
    await session.flush()


async def _settle_payment(session: AsyncSession, paid: Paid, given: Credits, now: datetime) -> None:
    accounts = await _locked(session, paid.creditee, paid.payer)
    payer = accounts.get(paid.payer)
    if payer is not None and paid.verifies:
        _know(payer, paid.customer, now)
    if paid.amount <= 0 or await _booked(session, paid.source_id):
        return
    match = min(paid.amount, given.first_payment_match_up_to)
    if match > 0 and not await _has_purchased(session, paid.creditee):
        gift_id = f"{paid.source_id}:first-payment-match"
        _book(session, paid.creditee, "admin_grant", match, gift_id, "First payment match")
    _book(session, paid.creditee, "purchase", paid.amount, paid.source_id, _description(paid, payer))


async def _prove(session: AsyncSession, user: tables.User, customer: str | None, given: Credits, now: datetime) -> None:
    _know(user, customer, now)
    gift_id, amount = f"{user.id}:verification-credits", given.verification_credits
    if amount > 0 and not await _booked(session, gift_id):
        _book(session, user.id, "admin_grant", amount, gift_id, "Credits for a verified payment method")


def _know(user: tables.User, customer: str | None, now: datetime) -> None:
    """The account has a payment method, and the provider calls it `customer`."""
    known = customer or user.payment_provider_id
    if not user.verified or user.payment_provider_id != known:
        user.verified, user.payment_provider_id, user.updated_at = True, known, now


async def _locked(
    session: AsyncSession, account: uuid.UUID, payer: uuid.UUID | None = None
) -> Mapping[uuid.UUID, tables.User]:
    """The account and, if it is there, the payer's, both locked in one order, so that nobody waits in a circle."""
    statement = select(tables.User).where(tables.User.id.in_({account, payer or account}), visible())
    rows = await session.execute(statement.order_by(tables.User.id).with_for_update(key_share=True))
    accounts = {user.id: user for user in rows.scalars()}
    if account not in accounts:
        raise UnknownAccount
    return accounts


async def _booked(session: AsyncSession, source_id: str) -> bool:
    return await session.scalar(select(Transaction.id).where(Transaction.source_id == source_id)) is not None


async def _has_purchased(session: AsyncSession, user_id: uuid.UUID) -> bool:
    purchases = select(Transaction.id).where(Transaction.user_id == user_id, Transaction.transaction_type == "purchase")
    return await session.scalar(purchases.limit(1)) is not None


def _description(paid: Paid, payer: tables.User | None) -> str:
    if payer is None or payer.id == paid.creditee:
        return paid.description
    return f"{paid.description} from {payer.display_name or payer.username}"


def _book(
    session: AsyncSession, user_id: uuid.UUID, kind: str, amount: Decimal, source_id: str, description: str
) -> None:
    session.add(
        movement(user_id=user_id, transaction_type=kind, amount=amount, source_id=source_id, description=description)
    )

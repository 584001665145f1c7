"""What accounts hold: the sum of their movements, which the ledger keeps for each (`AccountBalance`)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import AccountBalance, Transaction

__all__ = ["Deviation", "balance_of", "balance_without", "balances_of", "deviations", "is_spent"]


def is_spent() -> ColumnElement[bool]:
    """Whether nothing is left on an account, given its `AccountBalance` or, by an outer join, none."""
    return func.coalesce(AccountBalance.balance, 0) <= 0


async def balance_of(session: AsyncSession, user_id: uuid.UUID, *, at: datetime | None = None) -> Decimal:
    """The balance, now or as it was `at` a time (inclusive); 0 for an account nothing moved on."""
    if at is not None:
        return await balance_without(session, user_id, Transaction.created_at > at)
    return (await session.execute(select(_kept(user_id)))).scalar_one()


async def balance_without(session: AsyncSession, user_id: uuid.UUID, later: ColumnElement[bool]) -> Decimal:
    """The balance as it would be without the movements for which `later` holds."""
    moved = func.coalesce(func.sum(_signed_amount()), 0)
    undone = select(moved).where(Transaction.user_id == user_id, later).scalar_subquery()
    # One statement, so that both are of the same moment.
    return (await session.execute(select(_kept(user_id) - undone))).scalar_one()


async def balances_of(session: AsyncSession, users: Collection[uuid.UUID]) -> dict[uuid.UUID, Decimal]:
    """The balance of each."""
    statement = select(AccountBalance.user_id, AccountBalance.balance).where(AccountBalance.user_id.in_(users))
    balances = dict.fromkeys(users, Decimal(0))
    for user_id, balance in await session.execute(statement):
        balances[user_id] = balance
    return balances


@dataclass(frozen=True, slots=True)
class Deviation:
    """An account whose kept balance is not the sum of its movements: somebody has been past the ledger's triggers."""

    user_id: uuid.UUID
    kept: Decimal
    summed: Decimal


async def deviations(session: AsyncSession) -> list[Deviation]:
    """Every account that deviates, by its id. Adds up the whole ledger, which takes its time."""
    sums = select(Transaction.user_id, func.sum(_signed_amount()).label("summed")).group_by(Transaction.user_id)
    totals = sums.subquery("totals")
    user_id = func.coalesce(AccountBalance.user_id, totals.c.user_id)
    kept, summed = func.coalesce(AccountBalance.balance, 0), func.coalesce(totals.c.summed, 0)
    statement = (
        select(user_id, kept, summed)
        .select_from(AccountBalance)
        .join(totals, totals.c.user_id == AccountBalance.user_id, full=True)
        .where(kept != summed)
        .order_by(user_id)
    )
    return [Deviation(*row) for row in await session.execute(statement)]


def _kept(user_id: uuid.UUID) -> ColumnElement[Decimal]:
    kept = select(AccountBalance.balance).where(AccountBalance.user_id == user_id).scalar_subquery()
    return func.coalesce(kept, 0)


def _signed_amount() -> ColumnElement[Decimal]:
    """What a movement does to the balance."""
    adds = Transaction.transaction_type.in_(("purchase", "admin_grant"))
    return case((adds, Transaction.amount), else_=-Transaction.amount)

"""What accounts hold: the sum of their movements."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import Transaction

__all__ = ["balance_of", "balances_of", "signed_amount"]


def signed_amount() -> ColumnElement[Decimal]:
    """What a movement does to the balance."""
    adds = Transaction.transaction_type.in_(("purchase", "admin_grant"))
    return case((adds, Transaction.amount), else_=-Transaction.amount)


async def balance_of(session: AsyncSession, user_id: uuid.UUID, *, at: datetime | None = None) -> Decimal:
    """The balance, now or as it was `at` a time (inclusive); 0 for an account nothing moved on."""
    statement = select(func.coalesce(func.sum(signed_amount()), 0)).where(Transaction.user_id == user_id)
    if at is not None:
        statement = statement.where(Transaction.created_at <= at)
    return (await session.execute(statement)).scalar_one()


async def balances_of(session: AsyncSession, users: Collection[uuid.UUID]) -> dict[uuid.UUID, Decimal]:
    """The balance of each."""
    statement = (
        select(Transaction.user_id, func.sum(signed_amount()))
        .where(Transaction.user_id.in_(users))
        .group_by(Transaction.user_id)
    )
    balances = dict.fromkeys(users, Decimal(0))
    for user_id, balance in await session.execute(statement):
        balances[user_id] = balance
    return balances

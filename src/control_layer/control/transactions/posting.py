"""How credits come onto an account, apart from usage, which the recorder charges."""

from __future__ import annotations

import uuid
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import NIL, Transaction

__all__ = ["grant_initial_credits", "movement"]


def movement(
    *, user_id: uuid.UUID, transaction_type: str, amount: Decimal, source_id: str, description: str | None
) -> Transaction:
    """A row that is not stored yet. Storing it is refused where `source_id` is known."""
    return Transaction(
        id=uuid.uuid4(),
        user_id=user_id,
        transaction_type=transaction_type,
        amount=amount,
        source_id=source_id,
        description=description,
    )


def grant_initial_credits(session: AsyncSession, user_id: uuid.UUID, amount: Decimal) -> None:
    """What a new account begins with (§2.3). Nothing happens where that is nothing."""
    if amount > 0:
        session.add(
            movement(
                user_id=user_id,
                transaction_type="admin_grant",
                amount=amount,
                source_id=f"{NIL}_{uuid.uuid4()}",
                description="Initial credits on account creation",
            )
        )

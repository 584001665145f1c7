"""Charges that were made without anybody being there."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["AutoTopup"]


class AutoTopup(Base):
    """One automatic purchase. It is stored before the provider is asked, so that its id is the idempotency key."""

    __tablename__ = "auto_topups"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[Decimal] = mapped_column(Numeric)
    state: Mapped[str] = mapped_column(server_default="pending")
    """`pending` until the provider's word is known, whatever that takes; an account has one at a time."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    charge_id: Mapped[str | None]
    """What the provider calls it."""
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'succeeded', 'failed')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_auto_topups_user_id", "user_id", text("created_at DESC")),
        Index("uq_auto_topups_pending", "user_id", unique=True, postgresql_where=text("state = 'pending'")),
    )

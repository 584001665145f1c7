"""The ledger: every movement of credits, for ever, and what they add up to."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["AccountBalance", "Transaction"]


class Transaction(Base):
    """One movement on one account. A trigger refuses to change or remove it."""

    __tablename__ = "transactions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    """The order of insertion, which lists follow."""
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    """Whose account."""
    transaction_type: Mapped[str]
    """`purchase` and `admin_grant` add to the balance, `usage` and `admin_removal` take from it."""
    amount: Mapped[Decimal] = mapped_column(Numeric)
    """More than zero, of any precision: tokens times prices are never rounded."""
    source_id: Mapped[str] = mapped_column(unique=True)
    """What caused it, once for all accounts: the idempotency key. A usage's is the id of the request's event."""
    description: Mapped[str | None]
    api_key_id: Mapped[uuid.UUID | None]
    """The key that was used. Its row may be gone."""
    batch_id: Mapped[uuid.UUID | None]
    service_tier: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        CheckConstraint("transaction_type IN ('purchase', 'admin_grant', 'admin_removal', 'usage')", name="type"),
        CheckConstraint("amount > 0", name="amount"),
        Index(
            "ix_transactions_user_id",
            "user_id",
            text("sequence DESC"),
            postgresql_include=["transaction_type", "amount", "created_at"],
        ),
    )


class AccountBalance(Base):
    """The sum of an account's movements, to the last digit. The ledger keeps it (`0012_balances`); nobody else writes.

    An account that nothing ever moved on has no row.
    """

    __tablename__ = "account_balances"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    balance: Mapped[Decimal] = mapped_column(Numeric)

"""Budgets, what of them is on loan to gateways, and what was spent.

Leases and spending name their budget without a foreign key: the budget may be gone, or be the spending cap of a key,
which has the key's id and no row here (the view `spending_limits` shows both kinds).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.contract.snapshot import Enforcement
from control_layer.contract.windows import Period
from control_layer.store.tables.base import Base, now

__all__ = ["Budget", "BudgetLease", "BudgetSpending"]


class Budget(Base):
    """What one key, user, group or model may cost in a period."""

    __tablename__ = "budgets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    key_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    model_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    amount: Mapped[Decimal] = mapped_column(Numeric)
    period: Mapped[Period] = mapped_column(Text)
    rolling: Mapped[bool] = mapped_column(server_default=text("false"))
    since: Mapped[datetime] = mapped_column(server_default=now())
    """Nothing before it counts. Moved by a reset."""
    enforcement: Mapped[Enforcement] = mapped_column(Text)
    alert_thresholds: Mapped[list[Decimal]] = mapped_column(server_default=text("'{}'"))
    """Fractions of the amount, in rising order."""
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        CheckConstraint("num_nonnulls(key_id, user_id, group_id, model_id) = 1", name="scope"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("period IN ('day', 'week', 'month', 'total')", name="period"),
        CheckConstraint("NOT (rolling AND period = 'total')", name="rolling"),
        CheckConstraint("enforcement IN ('hard', 'spent', 'alert')", name="enforcement"),
        Index("ix_budgets_created_at", text("created_at DESC"), "id"),
        Index("ix_budgets_alert_thresholds", "id", postgresql_where=text("alert_thresholds <> '{}'")),
        Index("ix_budgets_key_id", "key_id"),
        Index("ix_budgets_user_id", "user_id"),
        Index("ix_budgets_group_id", "group_id"),
        Index("ix_budgets_model_id", "model_id"),
    )


class BudgetLease(Base):
    """A gateway's slice of a budget in one window. What a dead gateway had is cut to what it spent."""

    __tablename__ = "budget_leases"

    budget_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    worker_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    granted: Mapped[Decimal] = mapped_column(Numeric)
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (Index("ix_budget_leases_worker_id", "worker_id"),)


class BudgetSpending(Base):
    """What the requests of one gateway cost that were let in on a budget in one window, as far as it is recorded."""

    __tablename__ = "budget_spending"

    budget_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    worker_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    spent: Mapped[Decimal] = mapped_column(Numeric)
    requests: Mapped[int] = mapped_column(BigInteger)

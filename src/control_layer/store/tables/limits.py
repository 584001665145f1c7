"""Limits of requests, tokens, concurrency and session minutes.

The view `traffic_limits` shows those of keys' and models' own rows too.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.contract.limits import LimitKind
from control_layer.store.tables.base import Base, now

__all__ = ["RateLimit"]


class RateLimit(Base):
    """How much the requests of one key, user, group or model may take."""

    __tablename__ = "rate_limits"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    key_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    model_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    kind: Mapped[LimitKind] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    per: Mapped[Literal["second", "minute", "day"] | None] = mapped_column(Text)
    """`None` for concurrency."""
    burst: Mapped[int | None] = mapped_column(BigInteger)
    """`None`: the amount."""
    queue_seconds: Mapped[float] = mapped_column(server_default=text("0"))
    queue_length: Mapped[int] = mapped_column(server_default=text("0"))
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        CheckConstraint("num_nonnulls(key_id, user_id, group_id, model_id) = 1", name="scope"),
        CheckConstraint("kind IN ('requests', 'tokens', 'concurrency', 'session_minutes')", name="kind"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(
            "CASE kind WHEN 'concurrency' THEN per IS NULL AND burst IS NULL "
            "ELSE per IN ('second', 'minute', 'day') END",
            name="per",
        ),
        CheckConstraint("burst > 0", name="burst"),
        CheckConstraint(
            "queue_seconds BETWEEN 0 AND 30 AND queue_length >= 0 "
            "AND (kind = 'concurrency' OR queue_seconds = 0 AND queue_length = 0)",
            name="queue",
        ),
        Index("ix_rate_limits_created_at", text("created_at DESC"), "id"),
        Index("ix_rate_limits_key_id", "key_id"),
        Index("ix_rate_limits_user_id", "user_id"),
        Index("ix_rate_limits_group_id", "group_id"),
        Index("ix_rate_limits_model_id", "model_id"),
    )

"""Alerts, and what keys used hour by hour, which tells what is unusual."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base

__all__ = ["Alert", "KeyHour", "KeyHoursPosition"]


class Alert(Base):
    """One episode: from the moment something is noticed until it is over. A subject has one of a kind at a time."""

    __tablename__ = "alerts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    """The id of what it is about."""
    subject_name: Mapped[str]
    once: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the subject has no second one, even when this one is over."""
    user_id: Mapped[uuid.UUID | None]
    """Whose account it concerns."""
    summary: Mapped[str]
    measured: Mapped[dict[str, Any]]
    """The numbers behind the summary, and what it takes for it to be over."""
    raised_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    raise_told_at: Mapped[datetime | None]
    resolution_told_at: Mapped[datetime | None]
    """When people were told by mail."""
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[uuid.UUID | None]

    __table_args__ = (
        Index("ix_alerts_raised_at", text("raised_at DESC"), text("id DESC")),
        Index("uq_alerts_open", "kind", "subject", unique=True, postgresql_where=text("resolved_at IS NULL")),
        Index("uq_alerts_once", "kind", "subject", unique=True, postgresql_where=text("once")),
        Index(
            "ix_alerts_untold",
            "id",
            postgresql_where=text("raise_told_at IS NULL OR (resolved_at IS NOT NULL AND resolution_told_at IS NULL)"),
        ),
    )


class KeyHour(Base):
    """What a key used in an hour that is over. Hours without a request have no row."""

    __tablename__ = "key_hours"

    key_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    tokens: Mapped[int] = mapped_column(BigInteger)
    requests: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_key_hours_hour", "hour"),)


class KeyHoursPosition(Base):
    """Up to when hours have been added up: one row at most."""

    __tablename__ = "key_hours_position"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through: Mapped[datetime]

    __table_args__ = (CheckConstraint("id = 1", name="id"),)

"""Alerts, and what keys used hour by hour, which tells what is unusual."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base

__all__ = ["Alert"]


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

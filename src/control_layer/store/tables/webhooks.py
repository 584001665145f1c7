"""Webhooks, and what is delivered to them: an outbox, written in the transaction that it tells of."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["Webhook", "WebhookDelivery"]


class Webhook(Base):
    """An address that wants to be told."""

    __tablename__ = "webhooks"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    url: Mapped[str]
    scope: Mapped[str]
    """`own`: what happens to its owner's things; `platform`: what happens to anybody's."""
    event_types: Mapped[list[str] | None]
    """`None`: all of its scope."""
    description: Mapped[str | None]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    sealed_secret: Mapped[bytes]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    """Attempts that failed since the last that did not."""
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())
    disabled_at: Mapped[datetime | None]
    """When too many failures disabled it."""

    __table_args__ = (
        CheckConstraint("scope IN ('own', 'platform')", name="scope"),
        Index("ix_webhooks_user_id", "user_id", text("created_at DESC")),
        Index("ix_webhooks_platform", "id", postgresql_where=text("scope = 'platform'")),
    )


class WebhookDelivery(Base):
    """One message to one webhook, with every attempt at it."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    """Its `webhook-id`, whichever attempt it is."""
    webhook_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    body: Mapped[str]
    """Exactly what is sent, so that every attempt sends the same."""
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=now())
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
        Index("ix_webhook_deliveries_webhook_id", "webhook_id", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_webhook_deliveries_pending",
            "webhook_id",
            "next_attempt_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

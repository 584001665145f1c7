"""Who people are at identity providers."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["Identity"]


class Identity(Base):
    """An account's owner as an OpenID Connect provider knows them. People whom a proxy signs in have
    `users.external_user_id` instead."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (Index("uq_identities_user_id", "user_id", "issuer", unique=True),)

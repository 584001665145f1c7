"""Sessions of browsers, and links that set a new password. Of both secrets only the SHA-256 digest is kept."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["PasswordReset", "UserSession"]


class UserSession(Base):
    """A session that has begun and has not been ended. A cookie without a row opens nothing."""

    __tablename__ = "sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    user_agent: Mapped[str | None]
    peer_address: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    last_seen: Mapped[datetime] = mapped_column(server_default=now())
    """Every few minutes."""
    expires_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_sessions_user_id", "user_id", text("created_at DESC"), text("id DESC")),
        Index("ix_sessions_expires_at", "expires_at"),
    )


class PasswordReset(Base):
    """A link that has been mailed and not been used."""

    __tablename__ = "password_resets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_password_resets_user_id", "user_id", text("created_at DESC")),
        Index("ix_password_resets_expires_at", "expires_at"),
    )

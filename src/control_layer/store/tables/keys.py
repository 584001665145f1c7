"""API keys, and the secrets that are lent in their name."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.contract.routing import KeyCaching
from control_layer.store.tables.base import Base, now

__all__ = ["KEY_SEARCHED", "ApiKey", "LentSecret"]

KEY_SEARCHED = "key_text(name, description, secret_prefix)"
"""What a search for keys looks into, as it is indexed."""
_VISIBLE = text("deleted_at IS NULL AND NOT hidden")
_NEWEST = (text("created_at DESC"), text("id DESC"))


class ApiKey(Base):
    """A key: only the SHA-256 digest of its secret is kept, beside a prefix fit to be shown."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    purpose: Mapped[str] = mapped_column(server_default="realtime")
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    secret_digest: Mapped[bytes] = mapped_column(unique=True)
    secret_prefix: Mapped[str]
    previous_digest: Mapped[bytes | None] = mapped_column(unique=True)
    """Of the secret before the last rotation, which is good until `previous_expires_at`."""
    previous_expires_at: Mapped[datetime | None]
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    hidden_secret: Mapped[bytes | None]
    """Sealed; only hidden keys whose own secret the server itself must use."""
    pending_secret: Mapped[bytes | None]
    """Sealed, while a key made for somebody else waits for its holder's first look."""
    secret_revealed_at: Mapped[datetime | None]
    requests_per_second: Mapped[float | None]
    burst_size: Mapped[int | None]
    spend_limit: Mapped[Decimal | None]
    spend_limit_interval: Mapped[str | None]
    spend_counted_since: Mapped[datetime | None]
    """What was spent before does not count towards the limit."""
    model_aliases: Mapped[list[str] | None]
    expires_at: Mapped[datetime | None]
    zero_data_retention: Mapped[bool] = mapped_column(server_default=text("false"))
    """No body of its requests is kept anywhere."""
    caching: Mapped[KeyCaching | None] = mapped_column(Text)
    """Whether its requests are given kept answers, and those of whom at most; none: as their model says."""
    last_used: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("purpose IN ('realtime', 'batch', 'playground', 'platform')", name="purpose"),
        CheckConstraint("caching IN ('off', 'key', 'user', 'group')", name="caching"),
        Index(
            "uq_api_keys_name",
            "user_id",
            "created_by",
            "name",
            unique=True,
            postgresql_where=_VISIBLE,
        ),
        Index("ix_api_keys_user_id", "user_id", text("created_at DESC")),
        Index("ix_api_keys_newest", *_NEWEST, postgresql_where=_VISIBLE),
        Index("ix_api_keys_by_name", text("lower(name)"), *_NEWEST, postgresql_where=_VISIBLE),
        Index("ix_api_keys_expires_at", "expires_at", *_NEWEST, postgresql_where=_VISIBLE),
        Index(
            "ix_api_keys_searched",
            text(f"search_vector({KEY_SEARCHED})"),
            postgresql_using="gin",
            postgresql_where=_VISIBLE,
        ),
    )


class LentSecret(Base):
    """A secret of minutes that works as the key it is lent in the name of: requests count under that key."""

    __tablename__ = "lent_secrets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"))
    borrower: Mapped[uuid.UUID] = mapped_column(unique=True)
    """The session that uses it; else the platform key, or the person for whom a proxy speaks."""
    session_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    """With whose end it ends."""
    secret_digest: Mapped[bytes] = mapped_column(unique=True)
    sealed_secret: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_lent_secrets_key_id", "key_id"),
        Index("ix_lent_secrets_session_id", "session_id"),
        Index("ix_lent_secrets_expires_at", "expires_at"),
    )

"""Responses that are stored where their provider does not keep them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base

__all__ = ["StoredResponse"]


class StoredResponse(Base):
    """One response, with the conversation that it answered. Of a deleted one the row stays for a while, empty."""

    __tablename__ = "stored_responses"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    """Of its request; clients see `resp_` before it."""
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key_id: Mapped[uuid.UUID]
    """The key may be gone."""
    model: Mapped[str]
    """Its alias then."""
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    items: Mapped[bytes | None]
    """A JSON array of what the model was given, earlier responses included."""
    response: Mapped[bytes | None]
    """The JSON object that the client was given."""

    __table_args__ = (
        Index("ix_stored_responses_created_at", "created_at"),
        Index("ix_stored_responses_user_id", "user_id"),
        Index("ix_stored_responses_key_id", "key_id"),
    )

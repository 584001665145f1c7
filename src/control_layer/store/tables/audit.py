"""Who changed what."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base

__all__ = ["AuditEntry"]


class AuditEntry(Base):
    """One change or event. The database alone writes it (`0010_audit`), and lets nobody alter it.

    `hash` is the SHA-256 of the row's canonical text, which holds the hash of the row before (`store.audit_chain`).
    """

    __tablename__ = "audit_log"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    """`user:<id>`, `system:<what>`, `anonymous`, or `database:<role>` for who came past the application."""
    key_id: Mapped[uuid.UUID | None]
    """The API key that the user showed."""
    peer: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
    resource: Mapped[str]
    """A table, or what an event is about."""
    resource_id: Mapped[str | None]
    """The values of the primary key, with `/` between them."""
    operation: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    """Of an update, the columns that changed."""
    after: Mapped[dict[str, Any] | None]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]

    __table_args__ = (
        Index("ix_audit_log_at", "at", "sequence"),
        Index("ix_audit_log_actor", "actor", "at", "sequence"),
        Index("ix_audit_log_resource", "resource", "at", "sequence"),
        Index("ix_audit_log_resource_id", "resource_id", "at", "sequence"),
        Index("ix_audit_log_operation", "operation", "at", "sequence"),
    )

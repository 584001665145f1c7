"""What is taken out of conversations before they are kept."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["RedactionRule"]


class RedactionRule(Base):
    """Something that is looked for in bodies, and what stands in its place."""

    __tablename__ = "redaction_rules"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    pattern: Mapped[str | None]
    """For RE2; none for a rule that comes with us, whose pattern is in `redaction.rules`."""
    replacement: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

"""What requests and answers must pass."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ARRAY, UUID, CheckConstraint, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.contract.guardrails import Fail, Kind, Stage
from control_layer.store.tables.base import Base, now

__all__ = ["Guardrail"]


class Guardrail(Base):
    """A check. Those with lower positions come first."""

    __tablename__ = "guardrails"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    position: Mapped[int]
    stage: Mapped[Stage] = mapped_column(Text)
    kind: Mapped[Kind] = mapped_column(Text)
    model_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UUID(as_uuid=True)))
    """Null for all models. An id whose model is gone does no harm."""
    group_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UUID(as_uuid=True)))
    """Null for everybody."""
    pattern: Mapped[str | None]
    """For RE2."""
    replacement: Mapped[str | None]
    url: Mapped[str | None]
    timeout_ms: Mapped[int | None]
    fail: Mapped[Fail | None] = mapped_column(Text)
    whole_stream: Mapped[bool] = mapped_column(server_default=text("false"))
    sealed_secret: Mapped[bytes | None]
    window_characters: Mapped[int | None]
    """Null: what `contract.guardrails` says for its kind."""
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        CheckConstraint("stage IN ('request', 'answer', 'both')", name="stage"),
        CheckConstraint("kind IN ('deny_pattern', 'allow_pattern', 'redact', 'external')", name="kind"),
        CheckConstraint("(kind = 'external') = (pattern IS NULL)", name="pattern"),
        CheckConstraint("(kind = 'redact') = (replacement IS NOT NULL)", name="replacement"),
        CheckConstraint("(kind = 'external') = (num_nulls(url, timeout_ms, fail) = 0)", name="external"),
        CheckConstraint("timeout_ms BETWEEN 1 AND 60000", name="timeout_ms"),
        CheckConstraint("fail IN ('open', 'closed')", name="fail"),
        CheckConstraint("kind = 'external' OR (sealed_secret IS NULL AND NOT whole_stream)", name="secret"),
        CheckConstraint(
            "window_characters BETWEEN 16 AND 32768 AND (kind <> 'allow_pattern' OR window_characters IS NULL)",
            name="window_characters",
        ),
    )

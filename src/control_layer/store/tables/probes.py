"""Probes, and what they found."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["Probe", "ProbeResult", "ProbeState"]

_ANY = JSON(none_as_null=True)  # as it was written: the order of keys is kept


class Probe(Base):
    """A health check of one model: a request that is made now and then."""

    __tablename__ = "probes"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), unique=True)
    interval_seconds: Mapped[int]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    http_method: Mapped[str] = mapped_column(server_default="POST")
    request_path: Mapped[str | None]
    """Under `/ai`; `None` takes the path of the model's type."""
    request_body: Mapped[Any | None] = mapped_column(_ANY)
    """Sent as it is; `None` takes the smallest one for the model's type."""
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        CheckConstraint("interval_seconds > 0", name="interval_seconds"),
        Index("ix_probes_created_at", text("created_at DESC"), "id"),
    )


class ProbeResult(Base):
    """One run of a probe. `executed_at` is when it began."""

    __tablename__ = "probe_results"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    probe_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("probes.id", ondelete="CASCADE"))
    executed_at: Mapped[datetime]
    success: Mapped[bool]
    response_time_ms: Mapped[int | None]
    """Until the whole answer was there; `None` where there was none."""
    status_code: Mapped[int | None]
    error_message: Mapped[str | None]
    response_data: Mapped[Any | None] = mapped_column(_ANY)
    result_metadata: Mapped[dict[str, Any] | None] = mapped_column("metadata", _ANY)

    __table_args__ = (
        # Statistics and uptimes read these three columns, and no row.
        Index(
            "ix_probe_results_probe_id",
            "probe_id",
            text("executed_at DESC"),
            postgresql_include=["success", "response_time_ms"],
        ),
        Index("ix_probe_results_executed_at", "executed_at"),
    )


class ProbeState(Base):
    """What scheduled runs say of a model by now; gateways are told when `failing` changes."""

    __tablename__ = "probe_states"

    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    failures: Mapped[int]
    """In a row."""
    failing: Mapped[bool]
    since: Mapped[datetime]

"""Files of requests, batches made of them, and the daemons that carry them out."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = [
    "BATCH_SEARCHED",
    "FILE_SEARCHED",
    "Batch",
    "BatchDaemon",
    "BatchModel",
    "BatchRequest",
    "File",
    "FileRequest",
]

FILE_SEARCHED = "lower(filename)"
"""What a search for files looks into, as it is indexed."""
BATCH_SEARCHED = "batch_text(id, filename, metadata)"
"""As above, for batches."""
_OUTCOME = (
    "CASE WHEN cancelling_at IS NOT NULL THEN 'cancelled' WHEN total > completed + failed + cancelled THEN NULL "
    "WHEN completed = 0 THEN 'failed' WHEN completed_at IS NULL THEN NULL ELSE 'completed' END"
)
_THERE = text("deleted_at IS NULL")
_NEWEST = (text("created_at DESC"), text("id DESC"))


class File(Base):
    """A file that somebody uploaded, or the output or the errors of a batch. Deleted ones stay for their batches."""

    __tablename__ = "files"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    filename: Mapped[str]
    purpose: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    lines: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Of outputs and errors: the position of the last one, which only rises."""
    uploaded_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    expires_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("purpose IN ('batch', 'batch_output', 'batch_error')", name="purpose"),
        Index("ix_files_uploaded_by", "uploaded_by", *_NEWEST, postgresql_where=_THERE),
        Index("ix_files_created_at", *_NEWEST, postgresql_where=_THERE),
        Index("ix_files_uploaded_by_purpose", "uploaded_by", "purpose", *_NEWEST, postgresql_where=_THERE),
        Index("ix_files_purpose", "purpose", *_NEWEST, postgresql_where=_THERE),
        Index("ix_files_searched", text(f"search_vector({FILE_SEARCHED})"), postgresql_using="gin"),
        Index(
            "ix_files_expires_at",
            "expires_at",
            postgresql_where=text("deleted_at IS NULL AND expires_at IS NOT NULL"),
        ),
        Index("ix_files_deleted_at", "deleted_at", "id", postgresql_where=text("deleted_at IS NOT NULL")),
    )


class FileRequest(Base):
    """One line of an uploaded file."""

    __tablename__ = "file_requests"

    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """From 1, without gaps: blank lines do not count."""
    custom_id: Mapped[str]
    url: Mapped[str]
    model: Mapped[str]
    body: Mapped[bytes]
    """JSON, as it came. No `text`: JSON may say NUL."""


class Batch(Base):
    """Every request of a file, once. Its status follows from its counts and times (`batches.status`)."""

    __tablename__ = "batches"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    endpoint: Mapped[str]
    completion_window: Mapped[str]
    source_file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("files.id"))
    """Where the requests stand, whatever becomes of the file."""
    filename: Mapped[str | None]
    """The source file's, so that the batch is found by it."""
    input_file_id: Mapped[uuid.UUID | None]
    output_file_id: Mapped[uuid.UUID | None]
    error_file_id: Mapped[uuid.UUID | None]
    """As shown: none once the file is deleted."""
    batch_metadata: Mapped[dict[str, Any]] = mapped_column("metadata", server_default=text("'{}'"))
    source: Mapped[str]
    """How it was made: `api` or `frontend`."""
    created_by: Mapped[uuid.UUID]
    """Who owns it and pays for it."""
    total: Mapped[int] = mapped_column(BigInteger)
    completed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """How many requests came to which end; the rest waits or runs. Changed together with the requests' rows."""
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    expires_at: Mapped[datetime]
    in_progress_at: Mapped[datetime | None]
    """When its requests were put into the queue."""
    finalizing_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    cancelling_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Computed(_OUTCOME), deferred=True)
    """`completed`, `failed` or `cancelled`; none as long as something is to be done, for the lists."""
    active: Mapped[bool] = mapped_column(Computed(f"({_OUTCOME}) IS NULL"), deferred=True)
    """Whether something is to be done."""

    __table_args__ = (
        Index("ix_batches_created_by", "created_by", *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_created_at", *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_active", text("active DESC"), *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_created_by_active", "created_by", text("active DESC"), *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_outcome", "outcome", *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_created_by_outcome", "created_by", "outcome", *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_late", "expires_at", postgresql_where=text("active AND deleted_at IS NULL")),
        Index("ix_batches_completion_window", "completion_window", *_NEWEST, postgresql_where=_THERE),
        Index("ix_batches_searched", text(f"search_vector({BATCH_SEARCHED})"), postgresql_using="gin"),
        Index("ix_batches_deleted_at", "deleted_at", "id", postgresql_where=text("deleted_at IS NOT NULL")),
        Index("ix_batches_source_file_id", "source_file_id"),
        Index("ix_batches_output_file_id", "output_file_id"),
        Index("ix_batches_error_file_id", "error_file_id"),
        Index(
            "ix_batches_unfinished",
            "created_at",
            postgresql_where=text("completed_at IS NULL AND failed_at IS NULL AND cancelled_at IS NULL"),
        ),
    )


class BatchRequest(Base):
    """A line of a batch: in the queue, under way, or at its end. `id` goes with it to the gateway and the provider."""

    __tablename__ = "batch_requests"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(BigInteger)
    """Of the batch's source file."""
    model: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="pending")
    deadline: Mapped[datetime]
    not_before: Mapped[datetime]
    """When it may be tried (again)."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    daemon_id: Mapped[uuid.UUID | None]
    """Whose it is while it runs."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    status_code: Mapped[int | None]
    response: Mapped[bytes | None]
    error: Mapped[str | None]
    position: Mapped[int | None] = mapped_column(BigInteger)
    """Its line in the output or error file: in the order of the ends, so that what was read never moves."""
    deleted_at: Mapped[datetime | None]
    """Since when it is not shown any more; what was answered is erased, the row stays for the request log."""

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'running', 'completed', 'failed', 'cancelled')", name="state"),
        Index("uq_batch_requests_line", "batch_id", "line", unique=True),
        Index("ix_batch_requests_position", "batch_id", "state", "position", "line"),
        Index(
            "ix_batch_requests_pending",
            "model",
            "deadline",
            "not_before",
            "line",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_batch_requests_returned",
            "batch_id",
            "id",
            postgresql_where=text("state = 'pending' AND deleted_at IS NOT NULL"),
        ),
        Index("ix_batch_requests_running", "daemon_id", postgresql_where=text("state = 'running'")),
    )


class BatchModel(Base):
    """How many requests of a batch ask a model, and how many of those came to which end; deleted ones do not count.

    Kept by a trigger on `batch_requests`.
    """

    __tablename__ = "batch_models"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    completed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__ = (
        Index("ix_batch_models_model", "model", "batch_id"),
        Index("ix_batch_models_failed", "batch_id", postgresql_where=text("failed > 0")),
        Index("ix_batch_models_cancelled", "batch_id", postgresql_where=text("cancelled > 0")),
    )


class BatchDaemon(Base):
    """A control plane that carries out batches. Who says nothing for a while is dead, and its requests are others'."""

    __tablename__ = "batch_daemons"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    hostname: Mapped[str]
    pid: Mapped[int]
    version: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=now())
    last_heartbeat: Mapped[datetime] = mapped_column(server_default=now())
    stopped_at: Mapped[datetime | None]
    processed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    in_flight: Mapped[int] = mapped_column(server_default=text("0"))
    config: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_batch_daemons_started_at", text("started_at DESC")),)

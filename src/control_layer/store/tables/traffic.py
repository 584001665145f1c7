"""What was asked and answered, as the recorder writes it. Partitions hold a day each (`make_traffic_day`)."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["JournalPosition", "OpenRequest", "Request", "RequestBody"]


class OpenRequest(Base):
    """One admitted AI request that is under way. `id` is the usage event's id."""

    __tablename__ = "open_requests"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    worker_id: Mapped[uuid.UUID]
    key_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    model: Mapped[str]
    model_id: Mapped[uuid.UUID]
    method: Mapped[str]
    path: Mapped[str]
    stream: Mapped[bool]

    __table_args__ = (Index("ix_open_requests_worker_id", "worker_id"),)


class Request(Base):
    """One admitted AI request that has ended; exactly one row each. `id` is the usage event's id.

    Uniqueness is that of `(at, id)`: every record of a request carries the same time. To find one by its id alone, look
    at the time in it: ids are UUIDv7.
    """

    __tablename__ = "requests"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, server_default=text("nextval('request_log_sequence'::regclass)"))
    """The integer id that the request log shows."""
    worker_id: Mapped[uuid.UUID]
    key_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    model: Mapped[str]
    model_id: Mapped[uuid.UUID]
    method: Mapped[str]
    path: Mapped[str]
    stream: Mapped[bool]
    outcome: Mapped[str]
    """`completed`, `failed`, `cancelled`, or `lost` (its gateway died before its end)."""
    status: Mapped[int | None]
    error: Mapped[str | None]
    deployment_id: Mapped[uuid.UUID | None]
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    first_byte_seconds: Mapped[float | None]
    duration_seconds: Mapped[float | None]
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cached_input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_1h_tokens: Mapped[int | None] = mapped_column(BigInteger)
    audio_input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    image_input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int | None] = mapped_column(BigInteger)
    audio_output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    image_output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    token_source: Mapped[str] = mapped_column(server_default="none")
    finish_reason: Mapped[str | None]
    request_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    response_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    upstream_request_id: Mapped[str | None]
    client_request_id: Mapped[str | None]
    user_agent: Mapped[str | None]
    batch_id: Mapped[uuid.UUID | None]
    custom_id: Mapped[str | None]
    """A batch's own name for the request."""
    input_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    output_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    """The prices in force when it was made; none where nothing is charged for the model."""
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
    """What is charged, exactly; none without prices."""
    tariff_id: Mapped[uuid.UUID | None]
    """The prices that its gateway admitted it under."""
    budgets: Mapped[list[dict[str, Any]] | None]
    """`[{id, window}]`: the budgets it counts in, and the starts of their windows."""
    cache: Mapped[str | None]
    """`hit`, `miss`, `coalesced`, `bypass`; none where its model keeps no answers."""
    saved_input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    saved_output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    """What an answer that was given again had cost when it was made."""
    saved_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    """What it would have cost now, by the prices in force; none without prices."""
    asked_model: Mapped[str | None]
    """The alias that the client asked for, where another model answered."""
    wasted_cost: Mapped[Decimal | None] = mapped_column(Numeric)
    """What attempts that came to nothing are likely to have cost, at the model's prices. Nobody is charged for it."""
    purpose: Mapped[str] = mapped_column(server_default="realtime")
    """What its key was for when it was recorded; `realtime` where the key was gone."""
    given_up: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether its gateway was believed dead before its end, whatever came of it."""

    __table_args__ = (
        CheckConstraint("outcome IN ('completed', 'failed', 'cancelled', 'lost')", name="outcome"),
        Index("ix_requests_model", "model", text("at DESC")),
        Index("ix_requests_model_id", "model_id", text("at DESC")),
        Index("ix_requests_user_id", "user_id", text("at DESC")),
        Index("ix_requests_status", "status", text("at DESC"), postgresql_where=text("status <> 200")),
        Index("ix_requests_batch_id", "batch_id", text("at DESC"), postgresql_where=text("batch_id IS NOT NULL")),
        Index("ix_requests_custom_id", text("at DESC"), postgresql_where=text("custom_id IS NOT NULL")),
        Index(
            "ix_requests_client_request_id",
            "client_request_id",
            text("at DESC"),
            postgresql_where=text("client_request_id IS NOT NULL"),
        ),
        Index("ix_requests_outcome", "outcome", text("at DESC"), postgresql_where=text("outcome <> 'completed'")),
        Index("ix_requests_error", "error", text("at DESC"), postgresql_where=text("error IS NOT NULL")),
        Index(
            "ix_requests_sequence",
            "sequence",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
        ),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class RequestBody(Base):
    """What was said, where request logging is on; apart from the narrow accounting rows."""

    __tablename__ = "request_bodies"

    at: Mapped[datetime] = mapped_column(primary_key=True, server_default=now())
    """The request's."""
    request_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    request: Mapped[bytes]
    request_truncated: Mapped[bool]
    response: Mapped[bytes]
    response_truncated: Mapped[bool]
    request_headers: Mapped[list[list[str]] | None]
    """Pairs of a name and a value; credentials are not among the values."""
    response_headers: Mapped[list[list[str]] | None]
    redacted: Mapped[dict[str, Any] | None]
    """How often each rule found something in it; none where no rule did."""

    words: Mapped[str | None] = mapped_column(TSVECTOR)
    """What its strings say, for full-text search; none where that was off."""

    __table_args__ = (
        Index("ix_request_bodies_words", "words", postgresql_using="gin", postgresql_where=text("words IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (at)"},
    )


class JournalPosition(Base):
    """How far a journal segment has been recorded; moved in the transaction that records."""

    __tablename__ = "journal_positions"

    worker_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    segment: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

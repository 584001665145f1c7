"""Sums of requests by minute, hour and day, which are folded from `unfolded_requests`. `at` is the start of each.

What they are kept by and what they hold is in `store.measures`. Of requests without a status, which were lost, some may
have ended after all: what they counted is taken back, to 0 if need be, but `last_at` stays.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.measures import ACCOUNT, MEASURES, MODEL, SPARSE
from control_layer.store.tables.base import Base

__all__ = ["ACCOUNT_ROLLUPS", "LATENCY_ROLLUPS", "MODEL_ROLLUPS", "BatchHour", "TrafficHorizon", "UnfoldedRequest"]


class UnfoldedRequest(Base):
    """A request that no rollup has yet, put there in the transaction that records it."""

    __tablename__ = "unfolded_requests"

    at: Mapped[datetime] = mapped_column()
    id: Mapped[uuid.UUID] = mapped_column()
    lost: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """0: it ended; 1: it was given up for lost; -1: it ended after it had been given up, which no longer counts."""

    __table_args__ = (CheckConstraint("lost IN (-1, 0, 1)", name="lost"),)
    # The table has no key, and no index: it is always read whole.
    __mapper_args__ = {"primary_key": ["at", "id", "lost"]}  # noqa: RUF012 - never changed


class BatchHour(Base):
    """How many requests of a batch were made in an hour. `at` is its start."""

    __tablename__ = "batch_hours"

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)


class TrafficHorizon(Base):
    """Since when all of it is kept: what is older has been erased, wholly or in part. One row."""

    __tablename__ = "traffic_horizon"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    requests_since: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))
    minutes_since: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))
    """Sums by the minute."""
    sums_since: Mapped[datetime] = mapped_column(server_default=text("'epoch'"))
    """Sums by the hour and the day."""

    __table_args__ = (CheckConstraint("id = 1", name="id"),)


_KINDS = {"model": Text, "status": Integer, "purpose": Text, "seconds": Double, "cost": Numeric, "saved_cost": Numeric}
_OPTIONAL = ("endpoint_id", "status", "saved_cost", *SPARSE)


def _rollup(name: str, dimensions: tuple[str, ...], *indexes: Index) -> Table:
    kinds: dict[str, Any] = {
        **{dimension: UUID(as_uuid=True) for dimension in dimensions},
        **dict.fromkeys(MEASURES, BigInteger),
        **_KINDS,
    }
    return Table(
        name,
        Base.metadata,
        Column("at", DateTime(timezone=True), nullable=False),
        *(Column(column, kinds[column], nullable=column in _OPTIONAL) for column in (*dimensions, *MEASURES)),
        Column("last_at", DateTime(timezone=True), nullable=False),
        Index(f"uq_{name}", "at", *dimensions, unique=True, postgresql_nulls_not_distinct=True),
        *indexes,
    )


def _latencies(name: str) -> Table:
    return Table(
        name,
        Base.metadata,
        Column("model", Text, primary_key=True),
        Column("measure", Text, primary_key=True),
        Column("at", DateTime(timezone=True), primary_key=True),
        Column("buckets", ARRAY(SmallInteger), nullable=False),
        Column("counts", ARRAY(BigInteger), nullable=False),
    )


MODEL_ROLLUPS = {unit: _rollup(f"model_{unit}s", tuple(MODEL)) for unit in ("minute", "hour", "day")}
ACCOUNT_ROLLUPS = {
    unit: _rollup(f"account_{unit}s", tuple(ACCOUNT), Index(f"ix_account_{unit}s_user_id", "user_id", "at"))
    for unit in ("hour", "day")
}
LATENCY_ROLLUPS = {unit: _latencies(f"latency_{unit}s") for unit in ("hour", "day")}
"""By `model`, or '' for all of them, and `measure` (`LATENCIES`): how many requests are in each bucket, in their order.

A row for each bucket takes ten times the room, and to add to it ten times as long.
"""

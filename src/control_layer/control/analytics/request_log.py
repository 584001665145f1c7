"""The request log's pages. Requests that are under way are not in it yet."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import Request

__all__ = ["LogFilter", "log_page", "log_statement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which requests are wanted. `None`: all. Bounds are inclusive."""

    method: str | None = None
    uri_pattern: str | None = None
    """As SQL's LIKE understands it."""
    status_code: int | None = None
    status_code_min: int | None = None
    status_code_max: int | None = None
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    timestamp_after: datetime | None = None
    timestamp_before: datetime | None = None
    model: str | None = None
    """The alias that was asked for."""
    batch_id: uuid.UUID | None = None
    custom_id: str | None = None
    """A part of it, whatever its case."""

    def condition(self) -> ColumnElement[bool]:
        """What a row must fulfil."""
        return and_(true(), *self._asked())

    def _asked(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.method is not None:
            conditions.append(Request.method == self.method)
        if self.uri_pattern is not None:
            conditions.append(Request.path.like(self.uri_pattern))
        if self.status_code is not None:
            conditions.append(Request.status == self.status_code)
        if self.status_code_min is not None:
            conditions.append(Request.status >= self.status_code_min)
        if self.status_code_max is not None:
            conditions.append(Request.status <= self.status_code_max)
        if self.min_duration_ms is not None:
            conditions.append(Request.duration_seconds >= self.min_duration_ms / 1000)
        if self.max_duration_ms is not None:
            conditions.append(Request.duration_seconds <= self.max_duration_ms / 1000)
        if self.timestamp_after is not None:
            conditions.append(Request.at >= self.timestamp_after)
        if self.timestamp_before is not None:
            conditions.append(Request.at <= self.timestamp_before)
        if self.model is not None:
            conditions.append(Request.model == self.model)
        if self.batch_id is not None:
            conditions.append(Request.batch_id == self.batch_id)
        if self.custom_id is not None:
            conditions.append(Request.custom_id.icontains(self.custom_id, autoescape=True))
        return conditions


def log_statement(wanted: LogFilter, skip: int, limit: int) -> Select[*tuple[Any, ...]]:
    """The query of a page, newest first."""
    statement = select(
        Request.sequence,
        Request.at,
        Request.method,
        Request.path,
        Request.stream,
        Request.model,
        Request.status,
        Request.duration_seconds,
        Request.input_tokens,
        Request.output_tokens,
        Request.reasoning_tokens,
        Request.batch_id,
        Request.custom_id,
        Request.input_price_per_token,
        Request.output_price_per_token,
    )
    newest = statement.where(wanted.condition()).order_by(Request.at.desc(), Request.sequence.desc())
    return newest.offset(skip).limit(limit)


async def log_page(session: AsyncSession, wanted: LogFilter, skip: int, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """A page of the requests that `wanted` leaves, newest first."""
    # Walking an index from the newest row on ends with the page's last row. Where the planner expects next to nothing,
    # which for patterns is a guess, it would read and sort the whole table instead.
    await session.execute(text("SET LOCAL enable_seqscan = off"))
    return (await session.execute(log_statement(wanted, skip, limit))).all()

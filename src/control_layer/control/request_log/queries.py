"""SQL of the request log. `requests` has a partition for each day; a page walks the newest first, and ends early."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, Row, Select, and_, select, text, true, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import invalid
from control_layer.control.request_log.filters import Filter
from control_layer.store.tables import OpenRequest, Request, RequestBody

__all__ = ["bodies_of", "bounded", "entries", "find_open", "find_request", "find_sequence", "page"]

_SECONDS = 8
_TOO_WIDE = (
    f"That takes longer than {_SECONDS} seconds to look up. Narrow it with timestamp_after and timestamp_before, or "
    "ask for a model, a user or a status."
)
_BOUNDS = text(
    f"SELECT set_config('statement_timeout', '{_SECONDS}s', true), set_config('enable_seqscan', 'off', true)"
)
_WINDOWS = (timedelta(seconds=2), timedelta(minutes=10), timedelta(days=1))
"""How long after the beginning that its id tells a request may have been let in: its body had to come first."""

_ENTRY = (
    Request.sequence,
    Request.id,
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


@asynccontextmanager
async def bounded(session: AsyncSession) -> AsyncIterator[None]:
    """Nothing within may take for ever. Raises 400, which says how to ask for less."""
    # Walking an index from the newest row on ends with the page's last row. Where the planner expects next to nothing,
    # which for patterns is a guess, it would read and sort the whole table instead.
    await session.execute(_BOUNDS)
    try:
        yield
    except DBAPIError as error:
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.QueryCanceledError):
            raise invalid(_TOO_WIDE, code="query_too_wide") from error
        raise


def entries(
    wanted: ColumnElement[bool], before: tuple[datetime, int] | None, *columns: Any
) -> Select[*tuple[Any, ...]]:
    """Rows that fulfil `wanted`, newest first; only those behind the place `before`."""
    behind = true() if before is None else tuple_(Request.at, Request.sequence) < before
    return select(*columns).where(and_(wanted, behind)).order_by(Request.at.desc(), Request.sequence.desc())


async def page(
    session: AsyncSession, wanted: Filter, before: tuple[datetime, int] | None, skip: int, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """A page of the requests that `wanted` leaves, newest first. Raises 400 where that takes too long."""
    async with bounded(session):
        statement = entries(wanted.condition(), before, *_ENTRY).offset(skip).limit(limit)
        return (await session.execute(statement)).all()


async def find_sequence(session: AsyncSession, sequence: int) -> tuple[datetime, uuid.UUID] | None:
    """The time and the id of the request with that number in the log."""
    found = (await session.execute(select(Request.at, Request.id).where(Request.sequence == sequence))).one_or_none()
    return None if found is None else (found.at, found.id)


async def find_request(session: AsyncSession, request_id: uuid.UUID, at: datetime | None = None) -> Request | None:
    """The request with that id, which has ended. Its time, where it is not known, is near the one in its id."""
    if at is not None:
        return await session.get(Request, (at, request_id))
    began = _time_in(request_id)
    if began is None:
        return None
    for window in _WINDOWS:
        near = Request.at.between(began - timedelta(seconds=2), began + window)
        row: Request | None = await session.scalar(select(Request).where(Request.id == request_id, near))
        if row is not None:
            return row
    return None


async def find_open(session: AsyncSession, request_id: uuid.UUID) -> OpenRequest | None:
    """The request with that id, while it is under way."""
    return await session.get(OpenRequest, request_id)


async def bodies_of(session: AsyncSession, request: Request) -> RequestBody | None:
    """What was said, where it is kept."""
    return await session.get(RequestBody, (request.at, request.id))


def _time_in(request_id: uuid.UUID) -> datetime | None:
    """RFC 9562, 5.7. `None` where it is no time that we know how to write."""
    if request_id.version != 7:
        return None
    try:
        return datetime.fromtimestamp((request_id.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None

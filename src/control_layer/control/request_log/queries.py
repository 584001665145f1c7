"""SQL of the request log. `requests` has a partition for each day; a page walks the newest first, and ends early."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, Row, Select, and_, select, text, true, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import invalid
from control_layer.control.request_log.filters import Filter
from control_layer.store.tables import OpenRequest, Request, RequestBody, User

__all__ = [
    "arrivals",
    "bodies_of",
    "bounded",
    "emails_of",
    "find_open",
    "find_request",
    "find_sequence",
    "last_number",
    "page",
    "recorded_as",
]

_SECONDS = 8
_TOO_WIDE = (
    f"That takes longer than {_SECONDS} seconds to look up. Narrow it with timestamp_after and timestamp_before, or "
    "ask for a model, a user or a status."
)
_BOUNDS = text(
    f"SELECT set_config('statement_timeout', '{_SECONDS}s', true), set_config('enable_seqscan', 'off', true)"
)
_SEARCHED_FIRST = (timedelta(minutes=10), timedelta(hours=3), timedelta(days=2))
"""Stretches of time before the end, in which words are looked for before they are in everything."""
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
    Request.user_id,
    Request.outcome,
    Request.error,
    Request.first_byte_seconds,
    Request.cost,
    Request.cache,
)
_LAST_NUMBER = text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM request_log_sequence")
_RECENT = timedelta(days=1)
"""What arrives began within it: it bounds the partitions that are looked at."""


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


async def page(
    session: AsyncSession,
    wanted: Filter,
    before: tuple[datetime, int] | None,
    skip: int,
    limit: int,
    columns: Sequence[Any] = _ENTRY,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Requests that `wanted` leaves, newest first; only those behind the place `before`.

    Raises 400 where that takes too long.
    """
    rows: Sequence[Row[*tuple[Any, ...]]] = ()
    async with bounded(session):
        for stretch in _stretches(wanted, before):
            statement = _entries(stretch, before, columns).offset(skip).limit(limit)
            rows = (await session.execute(statement)).all()
            if len(rows) == limit:
                break
    return rows


def _stretches(wanted: Filter, before: tuple[datetime, int] | None) -> Iterator[Filter]:
    """Words that are frequent are soon found in what is new; those that are rare, by their index, in all of it.

    The planner cannot tell which they are, as it does not see that a request and its body are one thing.
    """
    if wanted.search is not None:
        ends = (wanted.timestamp_before, None if before is None else before[0])
        end = min((end for end in ends if end is not None), default=datetime.now(UTC))
        for length in _SEARCHED_FIRST:
            begin = end - length
            if wanted.timestamp_after is not None and begin <= wanted.timestamp_after:
                break
            yield replace(wanted, timestamp_after=begin)
    yield wanted


def _entries(wanted: Filter, before: tuple[datetime, int] | None, columns: Sequence[Any]) -> Select[*tuple[Any, ...]]:
    behind = true() if before is None else tuple_(Request.at, Request.sequence) < before
    return _matching(wanted, behind, columns).order_by(Request.at.desc(), Request.sequence.desc())


def _matching(wanted: Filter, also: ColumnElement[bool], columns: Sequence[Any]) -> Select[*tuple[Any, ...]]:
    found = select(*columns).where(and_(wanted.condition(), also))
    said = wanted.said()
    if said is not None:
        its_own = and_(RequestBody.at == Request.at, RequestBody.request_id == Request.id)
        found = found.join(RequestBody, its_own).where(said)
    return found


async def last_number(session: AsyncSession) -> int:
    """The highest number in the log that was ever given; its request may not be visible yet."""
    return int((await session.execute(_LAST_NUMBER)).scalar_one())


async def arrivals(session: AsyncSession, behind: int, now: datetime) -> Sequence[int]:
    """The numbers above `behind` of requests that are recorded."""
    statement = select(Request.sequence).where(Request.sequence > behind, Request.at > now - _RECENT)
    return (await session.execute(statement)).scalars().all()


async def recorded_as(
    session: AsyncSession, wanted: Filter, numbers: Sequence[int], now: datetime, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Of the requests with these numbers those that `wanted` leaves, in their order; the last `limit` of them."""
    among = and_(
        # The ends too, because a block range index knows no lists.
        Request.sequence.between(min(numbers), max(numbers)),
        Request.sequence.in_(numbers),
        Request.at > now - _RECENT,
    )
    statement = _matching(wanted, among, _ENTRY).order_by(Request.sequence.desc()).limit(limit)
    return (await session.execute(statement)).all()[::-1]


async def emails_of(session: AsyncSession, rows: Sequence[Row[*tuple[Any, ...]]]) -> dict[uuid.UUID, str]:
    """The e-mail addresses of those who made these requests and are still there."""
    if not rows:
        return {}
    users = select(User.id, User.email).where(User.id.in_({row.user_id for row in rows}))
    return {user.id: user.email for user in await session.execute(users)}


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

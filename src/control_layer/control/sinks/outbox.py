"""SQL of what sinks have yet to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.request_log.export import SELECTED
from control_layer.store.outbox import SETTLED
from control_layer.store.tables import RecordedBatch, Request, SinkPosition

__all__ = ["Plan", "advance", "erase", "forget_others", "plan", "requests_of", "waiting"]


_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches that are the next file: behind `position`, up to `until`."""

    position: int
    until: int
    recorded_at: datetime
    """Of the first of them."""
    first: str
    """What tells this file from any other, also after a backup was restored: its first request's id."""


async def plan(session: AsyncSession, name: str, now: datetime, most: int, before: datetime) -> Plan | None:
    """The next file of a sink, once there are `most` requests for it or some were recorded before `before`.

    What was planned stays planned until `advance`: a file that is written again has the same requests and name. A sink
    that nobody knew begins here and now.
    """
    place = await session.get(SinkPosition, name, with_for_update=True)
    if place is None:
        await session.execute(SETTLED)
        newest = select(func.coalesce(func.max(RecordedBatch.sequence), 0)).scalar_subquery()
        await session.execute(insert(SinkPosition).values(name=name, position=newest).on_conflict_do_nothing())
        return None
    if place.planned is None:
        place.planned = await _until(session, place.position, most, before)
        place.updated_at = now
    if place.planned is None:
        return None
    first = (
        select(RecordedBatch.recorded_at, RecordedBatch.ids[1].label("id"))
        .where(RecordedBatch.sequence > place.position, RecordedBatch.sequence <= place.planned)
        .order_by(RecordedBatch.sequence)
        .limit(1)
    )
    found = (await session.execute(first)).one_or_none()
    recorded_at, request = (now, "") if found is None else (found.recorded_at, str(found.id))
    return Plan(place.position, place.planned, recorded_at, request)


async def _until(session: AsyncSession, position: int, most: int, before: datetime) -> int | None:
    await session.execute(SETTLED)
    so_far = func.sum(RecordedBatch.requests).over(order_by=RecordedBatch.sequence)
    behind = (
        select(RecordedBatch.sequence, RecordedBatch.recorded_at, RecordedBatch.requests, so_far.label("so_far"))
        .where(RecordedBatch.sequence > position)
        .order_by(RecordedBatch.sequence)
        .limit(most)
        .subquery()
    )
    # A batch that goes over the bound is the last of its file, so that there is always one.
    fits = behind.c.so_far - behind.c.requests < most
    found = (
        await session.execute(
            select(func.max(behind.c.sequence), func.sum(behind.c.requests), func.min(behind.c.recorded_at)).where(fits)
        )
    ).one()
    last, requests, oldest = found
    return last if last is not None and (requests >= most or oldest < before) else None


async def requests_of(session: AsyncSession, wanted: Plan) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows of a plan's requests, as they are now; what retention has erased is missing."""
    each = func.unnest(RecordedBatch.times, RecordedBatch.ids).table_valued("at", "id").render_derived("each")
    statement = (
        select(*SELECTED)
        .select_from(RecordedBatch)
        .join(each, true())
        .join(Request, and_(Request.at == each.c.at, Request.id == each.c.id))
        .where(RecordedBatch.sequence > wanted.position, RecordedBatch.sequence <= wanted.until)
        .order_by(RecordedBatch.sequence, Request.at, Request.id)
    )
    # A few at a time: everything else that the control plane does goes on in between.
    found = await session.stream(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    return [row async for row in found]


async def advance(session: AsyncSession, name: str, done: Plan, now: datetime) -> None:
    """A plan was carried out."""
    await session.execute(
        update(SinkPosition)
        .where(SinkPosition.name == name, SinkPosition.position == done.position)
        .values(position=done.until, planned=None, updated_at=now)
    )


async def waiting(session: AsyncSession, name: str) -> tuple[int, datetime | None]:
    """How many requests a sink has yet to get, and since when the first of them waits."""
    position = select(SinkPosition.position).where(SinkPosition.name == name).scalar_subquery()
    behind = select(func.coalesce(func.sum(RecordedBatch.requests), 0), func.min(RecordedBatch.recorded_at)).where(
        RecordedBatch.sequence > position
    )
    requests, since = (await session.execute(behind)).one()
    return int(requests), since


async def erase(session: AsyncSession, before: datetime) -> int:
    """Erases what all sinks have, and what waits since before `before`; returns how many requests those are."""
    has = select(func.min(SinkPosition.position)).scalar_subquery()
    await session.execute(delete(RecordedBatch).where(RecordedBatch.sequence <= has))
    gone = delete(RecordedBatch).where(RecordedBatch.recorded_at < before).returning(RecordedBatch.requests).cte("gone")
    lost = select(func.coalesce(func.sum(gone.c.requests), 0))
    return int((await session.execute(lost)).scalar_one())


async def forget_others(session: AsyncSession, names: Sequence[str]) -> None:
    """Forgets sinks that are no longer set up; without any, everything that waits."""
    await session.execute(delete(SinkPosition).where(SinkPosition.name.not_in(names)))
    if not names:
        await session.execute(delete(RecordedBatch))

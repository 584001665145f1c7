"""Batches in the database. Deleted ones are never found."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from control_layer.control.batches.schemas import Analytics
from control_layer.control.batches.status import FILTERS, remaining
from control_layer.control.search import having_indexed
from control_layer.store.tables import Batch, BatchRequest, Request
from control_layer.store.tables.batches import BATCH_SEARCHED

__all__ = ["BatchFilter", "analytics_of", "asked_since", "find_batch", "list_batches", "requeue"]

_APART = {"synchronize_session": False}
_CLOCKS_APART = timedelta(days=1)
"""A request has its gateway's time, a batch the database's: they never differ by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFilter:
    """Which batches are wanted. `None` and empty: all."""

    owner: uuid.UUID | None
    search: str = ""
    """A part of the metadata, the input's filename or the id."""
    status: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    windows: Collection[str] = ()
    active_first: bool = False


async def find_batch(
    session: AsyncSession, batch_id: uuid.UUID, owner: uuid.UUID | None, *, lock: bool = False
) -> Batch | None:
    """The batch; with `owner`, only if it is theirs; with `lock`, nobody else changes it meanwhile."""
    statement = select(Batch).where(Batch.id == batch_id, Batch.deleted_at.is_(None))
    if owner is not None:
        statement = statement.where(Batch.created_by == owner)
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_batches(
    session: AsyncSession, wanted: BatchFilter, after: uuid.UUID | None, limit: int
) -> tuple[Sequence[Batch], bool]:
    """A page, newest first, and whether there are more."""
    statement = select(Batch).where(Batch.deleted_at.is_(None))
    if wanted.owner is not None:
        statement = statement.where(Batch.created_by == wanted.owner)
    if wanted.status is not None:
        statement = statement.where(FILTERS[wanted.status])
    if wanted.created_after is not None:
        statement = statement.where(Batch.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        statement = statement.where(Batch.created_at <= wanted.created_before)
    if wanted.windows:
        statement = statement.where(Batch.completion_window.in_(wanted.windows))
    if wanted.search:
        statement = statement.where(having_indexed(BATCH_SEARCHED, wanted.search))
    # Compared as a whole, which an index can do; not so with a row that one subquery gives.
    seen = aliased(Batch)
    place: list[Any] = [Batch.created_at, Batch.id]
    last: list[Any] = [seen.created_at, seen.id]
    if wanted.active_first:
        place, last = [Batch.active, *place], [seen.active, *last]
    if after is not None:
        reached = [select(column).where(seen.id == after).scalar_subquery() for column in last]
        statement = statement.where(tuple_(*place) < tuple_(*reached))
    statement = statement.order_by(*(column.desc() for column in place)).limit(limit + 1)
    rows = (await session.execute(statement)).scalars().all()
    return rows[:limit], len(rows) > limit


async def requeue(session: AsyncSession, batch: Batch, ids: Collection[uuid.UUID] | None, now: datetime) -> int:
    """Lets failed and cancelled requests be tried again, all or those with these ids; how many. `batch` is locked."""
    if batch.in_progress_at is None:
        count = batch.cancelled
        batch.cancelled = 0
    else:
        ended = [
            BatchRequest.batch_id == batch.id,
            BatchRequest.state.in_(("failed", "cancelled")),
            BatchRequest.deleted_at.is_(None),
        ]
        if ids is not None:
            ended.append(BatchRequest.id.in_(ids))
        before = select(BatchRequest.id, BatchRequest.state).where(*ended).with_for_update().cte("before")
        states = (await session.execute(select(before.c.id, before.c.state))).all()
        again = {row.id for row in states}
        await session.execute(
            update(BatchRequest)
            .where(BatchRequest.id.in_(again))
            .values(
                state="pending",
                attempts=0,
                not_before=now,
                position=None,
                error=None,
                response=None,
                status_code=None,
                ended_at=None,
            ),
            execution_options=_APART,
        )
        count = len(again)
        failed = sum(row.state == "failed" for row in states)
        batch.failed -= failed
        batch.cancelled -= count - failed
    if count:
        batch.finalizing_at = batch.completed_at = batch.failed_at = None
        batch.cancelling_at = batch.cancelled_at = None
    assert remaining(batch) >= 0
    await session.flush()
    return count


def asked_since(made: Iterable[datetime]) -> ColumnElement[bool]:
    """That a request is not older than all of the batches that were made then: earlier days are not read."""
    return Request.at >= min(made) - _CLOCKS_APART


async def analytics_of(session: AsyncSession, batches: Sequence[Batch]) -> dict[uuid.UUID, Analytics]:
    """What each batch has used so far."""
    if not batches:
        return {}
    ids = [batch.id for batch in batches]
    statement = (
        select(
            Request.batch_id,
            func.count().label("requests"),
            func.coalesce(func.sum(Request.input_tokens), 0).label("given"),
            func.coalesce(func.sum(Request.output_tokens), 0).label("said"),
            func.sum(Request.reasoning_tokens).label("reasoned"),
            func.avg(Request.duration_seconds).label("duration"),
            func.avg(Request.first_byte_seconds).label("first_byte"),
            func.sum(Request.cost).label("cost"),
        )
        .where(Request.batch_id.in_(ids), asked_since(batch.created_at for batch in batches))
        .group_by(Request.batch_id)
    )
    found = {row.batch_id: row for row in await session.execute(statement)}
    analytics = {}
    for batch_id in ids:
        row = found.get(batch_id)
        given, said = (0, 0) if row is None else (int(row.given), int(row.said))
        analytics[batch_id] = Analytics(
            total_requests=0 if row is None else row.requests,
            total_prompt_tokens=given,
            total_completion_tokens=said,
            total_reasoning_tokens=None if row is None or row.reasoned is None else int(row.reasoned),
            total_tokens=given + said,
            avg_duration_ms=None if row is None else _milliseconds(row.duration),
            avg_ttfb_ms=None if row is None else _milliseconds(row.first_byte),
            total_cost=None if row is None else row.cost,
            total_list_cost=None if row is None else row.cost,
        )
    return analytics


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * float(seconds), 3)

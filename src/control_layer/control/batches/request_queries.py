"""Single requests of batches in the database: those of the newest batch first, in the order of its file.

A page is found by the counts of batches (`batch_models`), so that nothing is read of the requests of batches before it.
Deleted requests, and those of deleted batches, are never found.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.queries import asked_since
from control_layer.store.tables import Batch, BatchModel, BatchRequest, FileRequest, Request

__all__ = ["STATUS_OF_STATE", "RequestFilter", "RequestStatus", "Use", "find_request", "list_requests", "uses_of"]

RequestStatus = Literal["pending", "in_progress", "completed", "failed", "cancelled"]
STATUS_OF_STATE: dict[str, RequestStatus] = {
    "pending": "pending",
    "running": "in_progress",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""What is shown of a row's state."""
_ACTIVE, _ENDED = ("pending", "running"), ("completed", "failed", "cancelled")
_RARE: dict[tuple[str, ...], ColumnElement[bool]] = {
    # Written out, so that the planner knows which part of the index has them.
    ("failed",): BatchModel.failed > literal_column("0"),
    ("cancelled",): BatchModel.cancelled > literal_column("0"),
}
_COLUMNS = (
    BatchRequest.id,
    BatchRequest.batch_id,
    BatchRequest.line,
    BatchRequest.model,
    BatchRequest.state,
    BatchRequest.started_at,
    BatchRequest.ended_at,
    BatchRequest.status_code,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which requests are wanted. `None` and empty: all."""

    owner: uuid.UUID | None
    status: RequestStatus | None = None
    models: Collection[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    active_first: bool = True
    """What waits or runs comes before what has ended."""

    def parts(self) -> list[tuple[str, ...]]:
        """The list's parts, one after the other: the states of each."""
        if self.status is not None:
            return [tuple(state for state, shown in STATUS_OF_STATE.items() if shown == self.status)]
        return [_ACTIVE, _ENDED] if self.active_first else [_ACTIVE + _ENDED]

    def of_batches(self, states: tuple[str, ...]) -> ColumnElement[bool]:
        """What their batch must fulfil to have some in these states."""
        conditions: list[ColumnElement[bool]] = [Batch.deleted_at.is_(None)]
        if self.owner is not None:
            conditions.append(Batch.created_by == self.owner)
        if self.created_after is not None:
            conditions.append(Batch.created_at >= self.created_after)
        if self.created_before is not None:
            conditions.append(Batch.created_at <= self.created_before)
        if set(states) <= set(_ACTIVE):
            over = (Batch.completed_at, Batch.failed_at, Batch.cancelled_at)
            conditions += [moment.is_(None) for moment in over]
        if (rare := _RARE.get(states)) is not None:
            conditions.append(Batch.id.in_(select(BatchModel.batch_id).where(rare, self.of_model(BatchModel.model))))
        return and_(*conditions)

    def of_model(self, column: Any) -> ColumnElement[bool]:
        """What their model must be."""
        return column.in_(self.models) if self.models else true()


@dataclass(frozen=True, slots=True)
class Use:
    """What a request used in all its tries together."""

    input_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost: Decimal | None


async def list_requests(
    session: AsyncSession, wanted: RequestFilter, skip: int, limit: int
) -> tuple[Sequence[Row[*tuple[Any, ...]]], int]:
    """A page, and how many there are. Rows have the columns of `find_request` but for the contents."""
    parts = wanted.parts()
    counts = [await _count(session, wanted, states) for states in parts]
    rows: list[Row[*tuple[Any, ...]]] = []
    for states, count in zip(parts, counts, strict=True):
        if skip < count and len(rows) < limit:
            rows += (await session.execute(_page(wanted, states, skip, limit - len(rows)))).all()
        skip = max(skip - count, 0)
    return rows, sum(counts)


async def find_request(
    session: AsyncSession, request_id: uuid.UUID, owner: uuid.UUID | None
) -> Row[*tuple[Any, ...]] | None:
    """A request with what was asked and answered; with `owner`, only if it is theirs."""
    statement = (
        select(
            *_COLUMNS,
            Batch.created_at,
            Batch.created_by,
            FileRequest.body,
            BatchRequest.response,
            BatchRequest.error,
        )
        .join(Batch, Batch.id == BatchRequest.batch_id)
        .join(FileRequest, and_(FileRequest.file_id == Batch.source_file_id, FileRequest.line == BatchRequest.line))
        .where(BatchRequest.id == request_id, BatchRequest.deleted_at.is_(None), Batch.deleted_at.is_(None))
    )
    if owner is not None:
        statement = statement.where(Batch.created_by == owner)
    return (await session.execute(statement)).one_or_none()


async def uses_of(session: AsyncSession, rows: Sequence[Row[*tuple[Any, ...]]]) -> dict[uuid.UUID, Use]:
    """What requests used, as far as it is recorded; of rows as `find_request` and `list_requests` find them."""
    if not rows:
        return {}
    names = {f"batch_req_{row.id}": row.id for row in rows}
    statement = (
        select(
            Request.client_request_id,
            func.sum(Request.input_tokens).label("given"),
            func.sum(Request.output_tokens).label("said"),
            func.sum(Request.reasoning_tokens).label("reasoned"),
            func.sum(Request.cost).label("cost"),
        )
        .where(
            Request.client_request_id.in_(names),
            Request.batch_id.is_not(None),
            asked_since(row.created_at for row in rows),
        )
        .group_by(Request.client_request_id)
    )
    return {
        names[row.client_request_id]: Use(_whole(row.given), _whole(row.said), _whole(row.reasoned), row.cost)
        for row in await session.execute(statement)
    }


def _whole(number: Decimal | None) -> int | None:
    return None if number is None else int(number)


async def _count(session: AsyncSession, wanted: RequestFilter, states: tuple[str, ...]) -> int:
    tallies = _tallies(wanted, states)
    statement = select(func.coalesce(func.sum(tallies.c.count), 0))
    statement = statement.join_from(tallies, Batch, Batch.id == tallies.c.batch_id).where(wanted.of_batches(states))
    return int((await session.execute(statement)).scalar_one())


def _tallies(wanted: RequestFilter, states: tuple[str, ...]) -> FromClause:
    """How many requests in these states each batch has, by model."""
    kept = {"completed": BatchModel.completed, "failed": BatchModel.failed, "cancelled": BatchModel.cancelled}
    of_model = wanted.of_model(BatchModel.model)
    if states == ("running",):
        return _running(wanted)
    count: Any = sum(kept[state] for state in states if state in kept)
    if "pending" in states:
        count = count + BatchModel.total - BatchModel.completed - BatchModel.failed - BatchModel.cancelled
    if states != ("pending",):
        return select(BatchModel.batch_id, count.label("count")).where(of_model).subquery()
    running = _running(wanted)
    same = and_(running.c.batch_id == BatchModel.batch_id, running.c.model == BatchModel.model)
    left = count - func.coalesce(running.c.count, 0)
    return select(BatchModel.batch_id, left.label("count")).outerjoin(running, same).where(of_model).subquery()


def _running(wanted: RequestFilter) -> FromClause:
    """Counted one by one: they are few."""
    return (
        select(BatchRequest.batch_id, BatchRequest.model, func.count().label("count"))
        .where(
            BatchRequest.state == literal_column("'running'"),
            BatchRequest.deleted_at.is_(None),
            wanted.of_model(BatchRequest.model),
        )
        .group_by(BatchRequest.batch_id, BatchRequest.model)
        .subquery()
    )


def _page(wanted: RequestFilter, states: tuple[str, ...], skip: int, limit: int) -> Select[*tuple[Any, ...]]:
    """The requests of one part. A batch has at least one of them, so no more batches are looked at than requests."""
    tallies = _tallies(wanted, states)
    share = (
        select(cast(func.sum(tallies.c.count), BigInteger).label("share"))
        .where(tallies.c.batch_id == Batch.id)
        .lateral("shares")
    )
    newest = (Batch.created_at.desc(), Batch.id.desc())
    batches = (
        select(Batch.id, Batch.created_at, Batch.created_by, share.c.share)
        .join(share, share.c.share > 0)
        .where(wanted.of_batches(states))
        .order_by(*newest)
        .limit(skip + limit)
        .subquery("batches_there")
    )
    reach = cast(
        func.sum(batches.c.share).over(order_by=(batches.c.created_at.desc(), batches.c.id.desc())), BigInteger
    )
    reaching = select(batches, (reach - batches.c.share).label("before")).subquery("reaching")
    begin = func.greatest(skip - reaching.c.before, 0)
    requests = (
        select(*_COLUMNS)
        .where(
            BatchRequest.batch_id == reaching.c.id,
            BatchRequest.state.in_(states),
            BatchRequest.deleted_at.is_(None),
            wanted.of_model(BatchRequest.model),
        )
        .order_by(BatchRequest.line)
        .offset(begin)
        .limit(limit)
        .lateral("requests_there")
    )
    return (
        select(*_all(requests), reaching.c.created_at, reaching.c.created_by)
        .select_from(reaching)
        .join(requests, true())
        .where(reaching.c.before + reaching.c.share > skip, reaching.c.before < skip + limit)
        .order_by(reaching.c.created_at.desc(), reaching.c.id.desc(), requests.c.line)
        .limit(limit)
    )


def _all(table: FromClause) -> Iterator[ColumnElement[Any]]:
    yield from table.c

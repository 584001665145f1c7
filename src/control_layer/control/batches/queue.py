"""The queue in the database: who takes a request, and how it comes to its end, exactly once.

A running request belongs to a daemon. Only that daemon can end it, and only as long as it runs; whoever ends one locks
its batch first, so that counts, files and requests always agree. What a dead daemon ran waits again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.status import remaining
from control_layer.control.files.content import error_line, output_line
from control_layer.control.webhooks.announcements import announce_end_of_batch
from control_layer.store.tables import ApiKey, Batch, BatchDaemon, BatchRequest, File, FileRequest

__all__ = [
    "DEAD_SECONDS",
    "Claimed",
    "Ended",
    "Work",
    "claim",
    "close_if_over",
    "end",
    "expand_new",
    "finalise",
    "release",
    "release_of_dead",
    "revoked",
    "try_later",
    "waiting_models",
    "work_of",
]

DEAD_SECONDS = 15
"""A daemon that has said nothing for this long is dead."""
_APART = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A request that is ours."""

    id: uuid.UUID
    batch_id: uuid.UUID
    model: str
    deadline: datetime
    attempts: int
    """This one included."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is sent, and in whose name."""

    url: str
    body: bytes
    key_id: uuid.UUID | None
    """The owner's hidden batch key; none where the account is gone."""
    sealed_secret: bytes | None
    completion_window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a request came to its end."""

    state: Literal["completed", "failed", "cancelled"]
    status: int | None = None
    response: bytes | None = None
    error: str | None = None


async def expand_new(session: AsyncSession, now: datetime) -> int:
    """Puts the requests of one new batch into the queue; how many batches that were."""
    statement = (
        select(Batch)
        .where(
            Batch.in_progress_at.is_(None),
            Batch.cancelling_at.is_(None),
            Batch.completed_at.is_(None),
            Batch.failed_at.is_(None),
            Batch.cancelled_at.is_(None),
        )
        .order_by(Batch.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    batch = (await session.execute(statement)).scalar_one_or_none()
    if batch is None:
        return 0
    lines = select(
        func.gen_random_uuid(),
        literal(batch.id),
        FileRequest.line,
        FileRequest.model,
        literal(batch.expires_at),
        literal(now),
    ).where(FileRequest.file_id == batch.source_file_id)
    columns = ["id", "batch_id", "line", "model", "deadline", "not_before"]
    await session.execute(insert(BatchRequest).from_select(columns, lines, include_defaults=False))
    batch.in_progress_at = now
    return 1


async def waiting_models(session: AsyncSession) -> dict[str, int | None]:
    """The models that requests wait for, and how many their administrators let batches ask at a time."""
    return {row.model: row.batch_capacity for row in await session.execute(_WAITING_MODELS)}


# One look into the index for each model, however many requests wait.
_WAITING_MODELS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT model FROM batch_requests WHERE state = 'pending' ORDER BY model LIMIT 1)
        UNION ALL
        SELECT (
            SELECT next.model FROM batch_requests AS next
            WHERE next.state = 'pending' AND next.model > waiting.model ORDER BY next.model LIMIT 1
        )
        FROM waiting WHERE waiting.model IS NOT NULL
    )
    SELECT waiting.model, models.batch_capacity
    FROM waiting LEFT JOIN models ON models.alias = waiting.model
    WHERE waiting.model IS NOT NULL
""")


async def claim(
    session: AsyncSession, daemon_id: uuid.UUID, model: str, limit: int, now: datetime
) -> Sequence[Claimed]:
    """Takes up to `limit` requests to a model, those that are due first."""
    due = (
        select(BatchRequest.id)
        .where(BatchRequest.state == "pending", BatchRequest.model == model, BatchRequest.not_before <= now)
        .order_by(BatchRequest.deadline, BatchRequest.not_before, BatchRequest.line)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(BatchRequest)
        .where(BatchRequest.id.in_(due))
        .values(state="running", daemon_id=daemon_id, started_at=now, attempts=BatchRequest.attempts + 1)
        .returning(
            BatchRequest.id, BatchRequest.batch_id, BatchRequest.line, BatchRequest.deadline, BatchRequest.attempts
        )
    )
    rows = (await session.execute(statement, execution_options=_APART)).all()
    in_order = sorted(rows, key=lambda row: (row.deadline, row.batch_id, row.line))
    return [Claimed(row.id, row.batch_id, model, row.deadline, row.attempts) for row in in_order]


async def work_of(session: AsyncSession, claimed: Claimed) -> Work:
    """What is to be sent for a request."""
    statement = (
        select(FileRequest.url, FileRequest.body, ApiKey.id, ApiKey.hidden_secret, Batch.completion_window)
        .select_from(BatchRequest)
        .join(Batch, Batch.id == BatchRequest.batch_id)
        .join(FileRequest, (FileRequest.file_id == Batch.source_file_id) & (FileRequest.line == BatchRequest.line))
        .outerjoin(
            ApiKey,
            (ApiKey.user_id == Batch.created_by)
            & (ApiKey.created_by == Batch.created_by)
            & ApiKey.hidden
            & (ApiKey.purpose == "batch")
            & ApiKey.deleted_at.is_(None),
        )
        .where(BatchRequest.id == claimed.id)
        .limit(1)
    )
    return Work(*(await session.execute(statement)).one())


async def end(session: AsyncSession, daemon_id: uuid.UUID, claimed: Claimed, ended: Ended, now: datetime) -> bool:
    """Ends a request of ours; whether it was ours still."""
    batch = (await session.execute(select(Batch).where(Batch.id == claimed.batch_id).with_for_update())).scalar_one()
    mine = (
        select(BatchRequest)
        .where(BatchRequest.id == claimed.id, BatchRequest.state == "running", BatchRequest.daemon_id == daemon_id)
        .with_for_update()
    )
    request = (await session.execute(mine)).scalar_one_or_none()
    if request is None:
        return False
    request.state, request.daemon_id, request.ended_at, request.status_code = ended.state, None, now, ended.status
    there = request.deleted_at is None
    if there:
        request.response, request.error = ended.response, ended.error
    match ended.state:
        case "completed":
            batch.completed += 1
            request.position = await _appended(session, batch, request, batch.output_file_id) if there else None
        case "failed":
            batch.failed += 1
            request.position = await _appended(session, batch, request, batch.error_file_id) if there else None
        case "cancelled":
            batch.cancelled += 1
    close_if_over(batch, now)
    await session.flush()
    if not remaining(batch) and batch.failed_at is not None:
        await announce_end_of_batch(session, batch, now)
    return True


def close_if_over(batch: Batch, now: datetime) -> None:
    """Ends a batch whose last request has ended. One all of whose requests were deleted is cancelled."""
    if remaining(batch):
        return
    if not batch.completed and not batch.failed and batch.cancelling_at is None:
        batch.cancelling_at = now
    if batch.cancelling_at is not None:
        batch.cancelled_at = now
    elif batch.completed:
        batch.finalizing_at = now
    else:
        batch.failed_at = now


async def _appended(
    session: AsyncSession, batch: Batch, request: BatchRequest, file_id: uuid.UUID | None
) -> int | None:
    """The position of a new line in a file; none where the file is deleted."""
    if file_id is None:
        return None
    line = select(FileRequest.custom_id).where(
        FileRequest.file_id == batch.source_file_id, FileRequest.line == request.line
    )
    custom_id = (await session.execute(line)).scalar_one()
    render = output_line if request.state == "completed" else error_line
    size = len(render(request, custom_id))
    grown = update(File).where(File.id == file_id).values(lines=File.lines + 1, bytes=File.bytes + size)
    return (await session.execute(grown.returning(File.lines), execution_options=_APART)).scalar_one()


async def try_later(
    session: AsyncSession, daemon_id: uuid.UUID, claimed: Claimed, error: str, not_before: datetime
) -> None:
    """Puts a request of ours back into the queue."""
    await session.execute(
        update(BatchRequest)
        .where(BatchRequest.id == claimed.id, BatchRequest.state == "running", BatchRequest.daemon_id == daemon_id)
        .values(state="pending", daemon_id=None, not_before=not_before, error=error),
        execution_options=_APART,
    )


async def release(session: AsyncSession, daemon_id: uuid.UUID) -> None:
    """Puts everything of ours back into the queue, as if it had never been tried."""
    await session.execute(
        update(BatchRequest)
        .where(BatchRequest.daemon_id == daemon_id, BatchRequest.state == "running")
        .values(state="pending", daemon_id=None, attempts=BatchRequest.attempts - 1),
        execution_options=_APART,
    )


async def release_of_dead(session: AsyncSession) -> None:
    """Puts back what dead daemons ran."""
    silent = func.now() - text(f"interval '{DEAD_SECONDS} seconds'")
    alive = select(BatchDaemon.id).where(BatchDaemon.stopped_at.is_(None), BatchDaemon.last_heartbeat > silent)
    await session.execute(
        update(BatchRequest)
        .where(BatchRequest.state == "running", BatchRequest.daemon_id.not_in(alive))
        .values(state="pending", daemon_id=None),
        execution_options=_APART,
    )


async def revoked(session: AsyncSession, daemon_id: uuid.UUID) -> set[uuid.UUID]:
    """Which of our running requests somebody deleted, or cancelled with their batch."""
    statement = (
        select(BatchRequest.id)
        .join(Batch, Batch.id == BatchRequest.batch_id)
        .where(BatchRequest.state == "running", BatchRequest.daemon_id == daemon_id)
        .where(or_(Batch.cancelling_at.is_not(None), BatchRequest.deleted_at.is_not(None)))
    )
    return set((await session.execute(statement)).scalars())


async def finalise(session: AsyncSession, now: datetime) -> None:
    """Completes batches whose last request has ended."""
    completed = await session.execute(
        update(Batch)
        .where(
            Batch.finalizing_at.is_not(None),
            Batch.completed_at.is_(None),
            Batch.failed_at.is_(None),
            Batch.cancelled_at.is_(None),
            Batch.cancelling_at.is_(None),
        )
        .values(completed_at=now)
        .returning(Batch),
        execution_options=_APART,
    )
    for batch in completed.scalars().all():
        await announce_end_of_batch(session, batch, now)

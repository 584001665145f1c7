"""Ends what a batch has not done yet. What runs at this moment is aborted by whoever runs it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.status import remaining
from control_layer.store.tables import Batch, BatchRequest

__all__ = ["cancel", "cancel_batches_of_file", "cancel_batches_of_user", "finish_cancelling"]

_APART = {"synchronize_session": False}


async def cancel(session: AsyncSession, batch: Batch, now: datetime) -> None:
    """Cancels one; `batch` is locked. Twice is once."""
    if batch.cancelling_at is None:
        batch.cancelling_at = now
    if batch.in_progress_at is None:
        batch.cancelled = batch.total
    else:
        waiting = (
            update(BatchRequest)
            .where(BatchRequest.batch_id == batch.id, BatchRequest.state == "pending")
            .values(state="cancelled", ended_at=now)
            .returning(BatchRequest.id)
            .cte("waiting")
        )
        count = (
            await session.execute(select(func.count()).select_from(waiting), execution_options=_APART)
        ).scalar_one()
        batch.cancelled += count
    if not remaining(batch) and batch.cancelled_at is None:
        batch.cancelled_at = now
    await session.flush()


async def cancel_batches_of_file(session: AsyncSession, file_id: uuid.UUID, now: datetime) -> None:
    """Cancels what is unfinished of the batches made from a file, which they show no longer."""
    for batch in await _unfinished(session, Batch.source_file_id == file_id):
        batch.input_file_id = None
        await cancel(session, batch, now)


async def cancel_batches_of_user(session: AsyncSession, user_id: uuid.UUID, now: datetime) -> None:
    """Cancels what is unfinished of a user's batches."""
    for batch in await _unfinished(session, Batch.created_by == user_id):
        await cancel(session, batch, now)


async def finish_cancelling(session: AsyncSession, now: datetime) -> None:
    """Cancels what came back into the queue after its batch was cancelled."""
    statement = (
        select(Batch)
        .where(
            Batch.cancelling_at.is_not(None),
            Batch.cancelled_at.is_(None),
            Batch.completed_at.is_(None),
            Batch.failed_at.is_(None),
        )
        .order_by(Batch.id)
        .with_for_update(skip_locked=True)
    )
    for batch in (await session.execute(statement)).scalars().all():
        await cancel(session, batch, now)


async def _unfinished(session: AsyncSession, condition: ColumnElement[bool]) -> Sequence[Batch]:
    left = Batch.total - Batch.completed - Batch.failed - Batch.cancelled
    statement = select(Batch).where(condition, left > 0).order_by(Batch.id).with_for_update()
    return (await session.execute(statement)).scalars().all()

"""Deletes a single request of a batch: it is not carried out any more, and what was answered is erased."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.queue import close_if_over
from control_layer.control.files.content import error_line, output_line
from control_layer.store.tables import Batch, BatchRequest, File, FileRequest

__all__ = ["delete_request", "finish_deleting"]


async def delete_request(session: AsyncSession, request_id: uuid.UUID, owner: uuid.UUID | None, now: datetime) -> bool:
    """Whether there was such a request; with `owner`, of theirs.

    What waits is cancelled; what runs is aborted by whoever runs it. The batch's counts stay as they are; its files
    lose the line, and no other line moves. The row stays, because the request log needs it.
    """
    batch = await _batch_of(session, request_id, owner)
    if batch is None:
        return False
    statement = select(BatchRequest).where(BatchRequest.id == request_id, BatchRequest.deleted_at.is_(None))
    request = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if request is None:
        return False
    if request.state == "pending":
        _cancel(batch, request, now)
    elif request.position is not None:
        await _shorten(session, batch, request)
    request.deleted_at = now
    request.response, request.error = None, None
    await session.flush()
    return True


async def finish_deleting(session: AsyncSession, now: datetime) -> None:
    """Cancels what came back into the queue after it was deleted."""
    returned = (
        select(BatchRequest.id, BatchRequest.batch_id)
        .where(BatchRequest.deleted_at.is_not(None), BatchRequest.state == "pending")
        .order_by(BatchRequest.batch_id, BatchRequest.id)
    )
    for request_id, batch_id in (await session.execute(returned)).all():
        batch = (await session.execute(select(Batch).where(Batch.id == batch_id).with_for_update())).scalar_one()
        again = select(BatchRequest).where(BatchRequest.id == request_id, BatchRequest.state == "pending")
        request = (await session.execute(again.with_for_update())).scalar_one_or_none()
        if request is not None:
            _cancel(batch, request, now)
            await session.flush()


async def _batch_of(session: AsyncSession, request_id: uuid.UUID, owner: uuid.UUID | None) -> Batch | None:
    """The batch, locked before its request, as everywhere."""
    statement = select(Batch).where(
        Batch.id == select(BatchRequest.batch_id).where(BatchRequest.id == request_id).scalar_subquery(),
        Batch.deleted_at.is_(None),
    )
    if owner is not None:
        statement = statement.where(Batch.created_by == owner)
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


def _cancel(batch: Batch, request: BatchRequest, now: datetime) -> None:
    request.state, request.ended_at, request.error = "cancelled", now, None
    batch.cancelled += 1
    close_if_over(batch, now)


async def _shorten(session: AsyncSession, batch: Batch, request: BatchRequest) -> None:
    """Takes a line's bytes off its file."""
    completed = request.state == "completed"
    file_id = batch.output_file_id if completed else batch.error_file_id
    line = select(FileRequest.custom_id).where(
        FileRequest.file_id == batch.source_file_id, FileRequest.line == request.line
    )
    size = len((output_line if completed else error_line)(request, (await session.execute(line)).scalar_one()))
    await session.execute(
        update(File).where(File.id == file_id).values(bytes=File.bytes - size),
        execution_options={"synchronize_session": False},
    )

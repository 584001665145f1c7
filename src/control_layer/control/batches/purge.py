"""Erases deleted and expired files and deleted batches, some time after: a few rows at a time, on one host at a time.

What a batch that is not deleted needs stays, and so does what a file with its answers needs; of a batch that is erased
nothing runs, and nothing is under way in the request log. Whatever breaks off in between is gone on with the next time.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.tables import Batch, BatchRequest, File, FileRequest

__all__ = ["purge_files_and_batches"]

_log = structlog.get_logger(__name__)
_LOCK = 0x7075726765  # "purge"
_ROWS = 200
"""In a transaction. With lines of the largest size it takes some seconds, else milliseconds."""
_APART = {"synchronize_session": False}


class _OnAnotherHost(Exception):
    """Somebody else is at it."""


async def purge_files_and_batches(services: Services, *, rows: int = _ROWS) -> None:
    """Erases what is due at this moment. Raises `ControlError`."""
    try:
        await _Purge(services, services.now(), rows).run()
    except _OnAnotherHost:
        return


@dataclass(slots=True)
class _Purge:
    """One time through everything that is due at `now`."""

    services: Services
    now: datetime
    rows: int

    async def run(self) -> None:
        """Batches before files, which they keep."""
        while await self._expire_some():
            pass
        before = self.now - self.services.settings.batches.purge_after
        batches = await self._erase_all(Batch, _deleted_batches(before, self.now), _erase_some_of_batch)
        files = await self._erase_all(File, _deleted_files(before), _erase_some_of_file)
        if batches or files:
            _log.info("files_and_batches_erased", batches=batches, files=files)

    async def _expire_some(self) -> bool:
        """An expired file is deleted, and the lists need not look at it again; whether there may be more."""
        expired = (
            select(File.id)
            .where(File.deleted_at.is_(None), File.expires_at <= self.now)
            .order_by(File.expires_at)
            .limit(self.rows)
            .with_for_update(skip_locked=True)
        )
        async with self._turn() as session:
            statement = update(File).where(File.id.in_(expired)).values(deleted_at=File.expires_at)
            gone = await session.execute(statement.returning(File.id), execution_options=_APART)
            return len(gone.all()) == self.rows

    async def _erase_all(
        self,
        table: type[Batch] | type[File],
        due: ColumnElement[bool],
        erase_some: Callable[[AsyncSession, uuid.UUID, int], Awaitable[bool]],
    ) -> int:
        """Each row that is `due` with all that belongs to it; how many rows that were."""
        erased, last = 0, None
        place = tuple_(table.deleted_at, table.id)
        while True:
            statement = select(table.deleted_at, table.id).where(due).order_by(table.deleted_at, table.id)
            async with self._turn() as session:
                found = await session.execute(
                    (statement if last is None else statement.where(place > last)).limit(self.rows)
                )
                page = found.all()
            if not page:
                return erased
            for row in page:
                erased += await self._erase(table, and_(due, table.id == row.id), row.id, erase_some)
            last = tuple_(page[-1].deleted_at, page[-1].id)

    async def _erase(
        self,
        table: type[Batch] | type[File],
        due: ColumnElement[bool],
        row_id: uuid.UUID,
        erase_some: Callable[[AsyncSession, uuid.UUID, int], Awaitable[bool]],
    ) -> bool:
        """One row, whatever belongs to it first; whether it was still due."""
        more = True
        while more:
            async with self._turn() as session:
                if (await session.execute(select(table.id).where(due).with_for_update())).first() is None:
                    return False
                more = await erase_some(session, row_id, self.rows)
                if not more:
                    await session.execute(delete(table).where(table.id == row_id), execution_options=_APART)
        return True

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[AsyncSession]:
        """A transaction in which nobody else purges. Raises `_OnAnotherHost`."""
        async with transaction(self.services) as session:
            if not (await session.execute(select(func.pg_try_advisory_xact_lock(_LOCK)))).scalar_one():
                raise _OnAnotherHost
            yield session


def _deleted_batches(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Batches that nobody needs: their files are deleted too, and their window, in which they count, is over."""
    return and_(
        Batch.deleted_at <= before,
        Batch.expires_at <= now,
        Batch.output_file_id.is_(None),
        Batch.error_file_id.is_(None),
        Batch.total == Batch.completed + Batch.failed + Batch.cancelled,
    )


def _deleted_files(before: datetime) -> ColumnElement[bool]:
    """Files that no batch has anything to do with."""
    batch = select(Batch.id).where(or_(*(column == File.id for column in _FILES_OF_BATCH))).exists()
    return and_(File.deleted_at <= before, ~batch)


_FILES_OF_BATCH: tuple[Any, ...] = (Batch.source_file_id, Batch.output_file_id, Batch.error_file_id)


async def _erase_some_of_batch(session: AsyncSession, batch_id: uuid.UUID, rows: int) -> bool:
    """Whether there may be more."""
    some = select(BatchRequest.id).where(BatchRequest.batch_id == batch_id).order_by(BatchRequest.line).limit(rows)
    statement = delete(BatchRequest).where(BatchRequest.id.in_(some)).returning(BatchRequest.id)
    return len((await session.execute(statement, execution_options=_APART)).all()) == rows


async def _erase_some_of_file(session: AsyncSession, file_id: uuid.UUID, rows: int) -> bool:
    """As above."""
    some = select(FileRequest.line).where(FileRequest.file_id == file_id).order_by(FileRequest.line).limit(rows)
    statement = delete(FileRequest).where(FileRequest.file_id == file_id, FileRequest.line.in_(some))
    gone = await session.execute(statement.returning(FileRequest.line), execution_options=_APART)
    return len(gone.all()) == rows

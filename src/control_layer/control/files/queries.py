"""Files in the database. Deleted and expired ones are never found."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from control_layer.control.models.visibility import accessible_to
from control_layer.control.search import having_indexed
from control_layer.store.tables import Batch, File, Model
from control_layer.store.tables.batches import FILE_SEARCHED

__all__ = ["FileFilter", "batch_of_output", "find_file", "list_files", "unlink", "usable_models"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFilter:
    """Which files are wanted. `None` and empty: all."""

    owner: uuid.UUID | None
    purpose: str | None = None
    search: str = ""
    """A part of the filename."""
    ascending: bool = False


def _there() -> ColumnElement[bool]:
    return and_(File.deleted_at.is_(None), or_(File.expires_at.is_(None), File.expires_at > func.now()))


async def find_file(
    session: AsyncSession, file_id: uuid.UUID, owner: uuid.UUID | None, *, lock: bool = False
) -> File | None:
    """The file; with `owner`, only if it is theirs; with `lock`, nobody else changes it meanwhile."""
    statement = select(File).where(File.id == file_id, _there())
    if owner is not None:
        statement = statement.where(File.uploaded_by == owner)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def list_files(
    session: AsyncSession, wanted: FileFilter, after: uuid.UUID | None, limit: int
) -> tuple[Sequence[File], bool]:
    """A page, newest first unless `ascending`, and whether there are more."""
    place = tuple_(File.created_at, File.id)
    statement = select(File).where(_there())
    if wanted.owner is not None:
        statement = statement.where(File.uploaded_by == wanted.owner)
    if wanted.purpose is not None:
        statement = statement.where(File.purpose == wanted.purpose)
    if wanted.search:
        statement = statement.where(having_indexed(FILE_SEARCHED, wanted.search))
    if after is not None:
        seen = aliased(File)
        last = tuple_(select(seen.created_at).where(seen.id == after).scalar_subquery(), literal(after))
        statement = statement.where(place > last if wanted.ascending else place < last)
    order = (File.created_at, File.id) if wanted.ascending else (File.created_at.desc(), File.id.desc())
    rows = (await session.execute(statement.order_by(*order).limit(limit + 1))).scalars().all()
    return rows[:limit], len(rows) > limit


async def usable_models(session: AsyncSession, owner: uuid.UUID) -> dict[str, str | None]:
    """The aliases that a user can call, and the types of the models."""
    statement = select(Model.alias, Model.model_type).where(
        accessible_to(owner), Model.deleted_at.is_(None), Model.status == "active"
    )
    return {row.alias: row.model_type for row in await session.execute(statement)}


async def batch_of_output(session: AsyncSession, file: File) -> Batch | None:
    """The batch whose output or errors a file holds."""
    column = Batch.output_file_id if file.purpose == "batch_output" else Batch.error_file_id
    return (await session.execute(select(Batch).where(column == file.id))).scalar_one_or_none()


async def unlink(session: AsyncSession, file: File, now: datetime) -> None:
    """Deletes a file; what it holds stays for its batch, which no longer shows it."""
    file.deleted_at = now
    for column in (Batch.output_file_id, Batch.error_file_id):
        if file.purpose != "batch":
            await session.execute(
                update(Batch)
                .where(column == file.id)
                .values({column: None})
                .execution_options(synchronize_session=False)
            )

"""The audit log in the database, by time; `sequence` tells entries of one moment apart, and is the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.audit.schemas import Filter
from control_layer.store.tables import AuditEntry

__all__ = ["entries_after", "entries_before", "find_entry", "last_sequence"]

_NEWEST = (AuditEntry.at.desc(), AuditEntry.sequence.desc())
_OLDEST = (AuditEntry.at, AuditEntry.sequence)


async def find_entry(session: AsyncSession, sequence: int) -> AuditEntry | None:
    """The entry at this place of the log."""
    return (await session.execute(select(AuditEntry).where(AuditEntry.sequence == sequence))).scalar_one_or_none()


async def last_sequence(session: AsyncSession) -> int:
    """How far the log goes now."""
    return (await session.execute(select(func.coalesce(func.max(AuditEntry.sequence), 0)))).scalar_one()


async def entries_before(
    session: AsyncSession, wanted: Filter, cursor: AuditEntry | None, limit: int
) -> Sequence[AuditEntry]:
    """Newest first, those older than `cursor`."""
    statement = _matching(wanted).order_by(*_NEWEST).limit(limit)
    if cursor is not None:
        statement = statement.where(tuple_(*_OLDEST) < _place(cursor))
    return (await session.execute(statement)).scalars().all()


async def entries_after(
    session: AsyncSession, wanted: Filter, cursor: AuditEntry | None, last: int, limit: int
) -> Sequence[AuditEntry]:
    """Oldest first, those newer than `cursor`, without what came into the log after its entry `last`."""
    statement = _matching(wanted).where(AuditEntry.sequence <= last).order_by(*_OLDEST).limit(limit)
    if cursor is not None:
        statement = statement.where(tuple_(*_OLDEST) > _place(cursor))
    return (await session.execute(statement)).scalars().all()


def _place(entry: AuditEntry) -> ColumnElement[Any]:
    return tuple_(literal(entry.at), literal(entry.sequence))


def _matching(wanted: Filter) -> Select[AuditEntry]:
    statement = select(AuditEntry)
    if wanted.actor is not None:
        statement = statement.where(AuditEntry.actor == wanted.actor)
    if wanted.resource is not None:
        statement = statement.where(AuditEntry.resource == wanted.resource)
    if wanted.resource_id is not None:
        statement = statement.where(AuditEntry.resource_id == wanted.resource_id)
    if wanted.operation is not None:
        statement = statement.where(AuditEntry.operation == wanted.operation)
    if wanted.since is not None:
        statement = statement.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEntry.at < wanted.until)
    return statement

"""Lines of an account as lists show them: single movements, or a batch's usage in one line. Newest first."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, literal, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import Subquery

from control_layer.control.transactions.balances import balance_without
from control_layer.store.tables import Transaction, User

__all__ = ["Entry", "Filter", "addresses_of", "balance_after", "find_entry", "list_entries"]


class Entry(NamedTuple):
    """A line. `requests` is how many movements it stands for."""

    sequence: int
    """Of its newest movement."""
    id: uuid.UUID
    user_id: uuid.UUID
    transaction_type: str
    amount: Decimal
    source_id: str
    description: str | None
    batch_id: uuid.UUID | None
    service_tier: str | None
    created_at: datetime
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines are wanted. Empty and `None`: all."""

    user_id: uuid.UUID | None
    types: Collection[str] = ()
    search: str = ""
    """A part of the description, whatever its case."""
    start: datetime | None = None
    end: datetime | None = None
    """Both inclusive."""
    group_batches: bool = False


async def find_entry(session: AsyncSession, transaction_id: uuid.UUID) -> Entry | None:
    """One movement."""
    row = (await session.execute(_singles().where(Transaction.id == transaction_id))).one_or_none()
    return None if row is None else Entry(*row)


async def list_entries(session: AsyncSession, wanted: Filter, skip: int, limit: int) -> Sequence[Entry]:
    """A page of the lines that `wanted` leaves."""
    lines = _lines(wanted)
    newest = select(lines).where(_described(lines, wanted.search)).order_by(lines.c.sequence.desc())
    return [Entry(*row) for row in await session.execute(newest.offset(skip).limit(limit))]


async def addresses_of(session: AsyncSession, entries: Collection[Entry]) -> Mapping[uuid.UUID, str]:
    """The e-mail addresses of the people whose lines these are, by their ids."""
    people = select(User.id, User.email).where(User.id.in_({entry.user_id for entry in entries}))
    return {row.id: row.email for row in await session.execute(people)}


async def balance_after(session: AsyncSession, wanted: Filter, first: Entry) -> Decimal:
    """The balance of the account right after `first`: what newer lines did to it is left out."""
    newer: ColumnElement[bool] = Transaction.sequence > first.sequence
    if wanted.group_batches:
        # A batch that stands in a newer line stands there whole.
        batches = select(Transaction.batch_id).where(_of_batch(), Transaction.user_id == first.user_id, newer)
        newer = or_(newer, and_(_of_batch(), Transaction.batch_id.in_(batches)))
    return await balance_without(session, first.user_id, newer)


def _lines(wanted: Filter) -> Subquery:
    if not wanted.group_batches:
        return _singles().where(_matching(wanted)).subquery()
    singles = _singles().where(_matching(wanted), ~_of_batch())
    return union_all(singles, _folded().where(_matching(wanted), _of_batch())).subquery()


def _singles() -> Select[*tuple[Any, ...]]:
    return select(
        Transaction.sequence,
        Transaction.id,
        Transaction.user_id,
        Transaction.transaction_type,
        Transaction.amount,
        Transaction.source_id,
        Transaction.description,
        Transaction.batch_id,
        Transaction.service_tier,
        Transaction.created_at,
        literal(1).label("requests"),
    )


def _folded() -> Select[*tuple[Any, ...]]:
    """The usage of each batch."""
    return select(
        func.max(Transaction.sequence),
        Transaction.batch_id,
        Transaction.user_id,
        Transaction.transaction_type,
        func.sum(Transaction.amount),
        cast(Transaction.batch_id, Text),
        literal("Batch"),
        Transaction.batch_id,
        func.max(Transaction.service_tier),
        func.max(Transaction.created_at),
        func.count(),
    ).group_by(Transaction.batch_id, Transaction.user_id, Transaction.transaction_type)


def _of_batch() -> ColumnElement[bool]:
    return and_(Transaction.transaction_type == "usage", Transaction.batch_id.is_not(None))


def _matching(wanted: Filter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.user_id is not None:
        conditions.append(Transaction.user_id == wanted.user_id)
    if wanted.types:
        conditions.append(Transaction.transaction_type.in_(wanted.types))
    if wanted.start is not None:
        conditions.append(Transaction.created_at >= wanted.start)
    if wanted.end is not None:
        conditions.append(Transaction.created_at <= wanted.end)
    return and_(*conditions)


def _described(lines: Subquery, search: str) -> ColumnElement[bool]:
    column: ColumnElement[str] = lines.c.description
    return column.icontains(search, autoescape=True) if search else true()

"""Whose requests a budget or a rate limit is for: one key, user, group or model."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from sqlalchemy import ColumnElement, exists, func, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import Conflict, invalid
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.store.tables import NIL, ApiKey, Budget, Group, GroupMember, Model, RateLimit, User

__all__ = [
    "Scope", "claim_name", "claim_new_name", "concerning", "count_scoped", "find_scoped", "list_scoped", "names_of",
    "scope_of", "scoped", "sight",
]  # fmt: skip

Scope = Literal["key", "user", "group", "model"]
Table = TypeVar("Table", Budget, RateLimit)


def scope_of(row: Budget | RateLimit) -> tuple[Scope, uuid.UUID]:
    """Which of the four ids a row has."""
    return _which(row.key_id, row.user_id, row.group_id, row.model_id)


def _which(
    key_id: uuid.UUID | None, user_id: uuid.UUID | None, group_id: uuid.UUID | None, model_id: uuid.UUID | None
) -> tuple[Scope, uuid.UUID]:
    if key_id is not None:
        return "key", key_id
    if user_id is not None:
        return "user", user_id
    if group_id is not None:
        return "group", group_id
    assert model_id is not None, "a constraint of the table"
    return "model", model_id


async def claim_name(
    session: AsyncSession,
    table: type[Table],
    name: str,
    scope: Scope,
    scope_id: uuid.UUID,
    *,
    but: uuid.UUID | None = None,
) -> None:
    """Makes sure that no other row of that key, user, group or model has the name, nor gets it before the end of the
    transaction. Raises 400 where there is no such key, user, group or model, and 409.
    """
    if not await _lock_scope(session, scope, scope_id):
        raise invalid("Invalid reference to related resource", code="invalid_reference")
    taken = exists().where(scoped(table, scope, scope_id), table.name == name, table.id != (but or NIL))
    if (await session.execute(select(taken))).scalar_one():
        raise Conflict(f"This {scope} has another of that name; choose one by which they can be told apart")


async def claim_new_name(session: AsyncSession, table: type[Table], row_id: uuid.UUID, name: str) -> None:
    """The same for a row that gets another name. That there is no such row is for its reader to say."""
    ids = select(table.key_id, table.user_id, table.group_id, table.model_id).where(table.id == row_id)
    found = (await session.execute(ids)).one_or_none()
    if found is not None:
        scope, scope_id = _which(*found)
        await claim_name(session, table, name, scope, scope_id, but=row_id)


async def _lock_scope(session: AsyncSession, scope: Scope, scope_id: uuid.UUID) -> bool:
    """Whether there is such a key, user, group or model. Locked before any row of its own, as when it is deleted."""
    match scope:
        case "key":
            found = select(ApiKey.id).where(ApiKey.id == scope_id, ApiKey.deleted_at.is_(None))
        case "user":
            found = select(User.id).where(User.id == scope_id, User.id != NIL, User.deleted_at.is_(None))
        case "group":
            found = select(Group.id).where(Group.id == scope_id)
        case "model":
            found = select(Model.id).where(Model.id == scope_id, Model.deleted_at.is_(None))
    return (await session.execute(found.with_for_update(key_share=True))).scalar_one_or_none() is not None


def sight(caller: Principal) -> uuid.UUID | None:
    """Whose rows the caller sees; `None` for everybody's."""
    return None if caller.may(Operation.READ, Resource.CREDITS) else caller.id


def scoped(table: type[Budget | RateLimit], scope: Scope | None, scope_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Rows of that kind, or of that one key, user, group or model."""
    by_scope = {"key": table.key_id, "user": table.user_id, "group": table.group_id, "model": table.model_id}
    columns = by_scope.values() if scope is None else (by_scope[scope],)
    if scope_id is None:
        return or_(*(column.is_not(None) for column in columns))
    return or_(*(column == scope_id for column in columns))


def concerning(table: type[Budget | RateLimit], user_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Rows that requests of this user may count in: their own, their keys' and their groups'. `None`: all."""
    if user_id is None:
        return true()
    keys = select(ApiKey.id).where(ApiKey.user_id == user_id, ApiKey.deleted_at.is_(None), ApiKey.hidden.is_(False))
    groups = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    return or_(table.user_id == user_id, table.key_id.in_(keys), table.group_id.in_(groups), table.group_id == NIL)


async def list_scoped(
    session: AsyncSession, table: type[Table], wanted: ColumnElement[bool], skip: int, limit: int
) -> Sequence[Table]:
    """Newest first."""
    newest = select(table).where(wanted).order_by(table.created_at.desc(), table.id)
    return (await session.scalars(newest.offset(skip).limit(limit))).all()


async def names_of(session: AsyncSession, rows: Sequence[Budget | RateLimit]) -> Mapping[uuid.UUID, str]:
    """What the keys, users (by their addresses), groups and models of the rows are called, by their ids."""
    ids = [scope_of(row)[1] for row in rows]
    columns = ((ApiKey.id, ApiKey.name), (User.id, User.email), (Group.id, Group.name), (Model.id, Model.alias))
    named = union_all(*(select(id_.label("id"), name.label("name")).where(id_.in_(ids)) for id_, name in columns))
    return {} if not ids else {row.id: row.name for row in await session.execute(named)}


async def count_scoped(session: AsyncSession, table: type[Table], wanted: ColumnElement[bool]) -> int:
    """How many `list_scoped` goes through."""
    return (await session.execute(select(func.count()).select_from(table).where(wanted))).scalar_one()


async def find_scoped(
    session: AsyncSession, table: type[Table], row_id: uuid.UUID, user_id: uuid.UUID | None, *, lock: bool = False
) -> Table | None:
    """The row, if it concerns the user; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(table).where(table.id == row_id, concerning(table, user_id))
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()

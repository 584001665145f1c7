"""SQL of budgets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.budgets.schemas import Scope
from control_layer.store.tables import NIL, ApiKey, Budget, Group, GroupMember, Model, User

__all__ = ["concerning", "count_budgets", "find_budget", "list_budgets", "scope_exists", "scoped"]

_COLUMNS = {"key": Budget.key_id, "user": Budget.user_id, "group": Budget.group_id, "model": Budget.model_id}


def scoped(scope: Scope | None, scope_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Budgets of that kind, or of that one key, user, group or model."""
    columns = _COLUMNS.values() if scope is None else (_COLUMNS[scope],)
    if scope_id is None:
        return or_(*(column.is_not(None) for column in columns))
    return or_(*(column == scope_id for column in columns))


def concerning(user_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Budgets that requests of this user may count in: their own, their keys' and their groups'. `None`: all."""
    if user_id is None:
        return true()
    keys = select(ApiKey.id).where(ApiKey.user_id == user_id, ApiKey.deleted_at.is_(None), ApiKey.hidden.is_(False))
    groups = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    return or_(Budget.user_id == user_id, Budget.key_id.in_(keys), Budget.group_id.in_(groups), Budget.group_id == NIL)


async def list_budgets(session: AsyncSession, wanted: ColumnElement[bool], skip: int, limit: int) -> Sequence[Budget]:
    """Newest first."""
    newest = select(Budget).where(wanted).order_by(Budget.created_at.desc(), Budget.id)
    return (await session.scalars(newest.offset(skip).limit(limit))).all()


async def count_budgets(session: AsyncSession, wanted: ColumnElement[bool]) -> int:
    """How many `list_budgets` goes through."""
    return (await session.execute(select(func.count()).select_from(Budget).where(wanted))).scalar_one()


async def find_budget(
    session: AsyncSession, budget_id: uuid.UUID, wanted: ColumnElement[bool], *, lock: bool = False
) -> Budget | None:
    """The budget, if it is one of those; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(Budget).where(Budget.id == budget_id, wanted)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def scope_exists(session: AsyncSession, scope: Scope, scope_id: uuid.UUID) -> bool:
    """Whether there is such a key, user, group or model."""
    match scope:
        case "key":
            found = exists().where(ApiKey.id == scope_id, ApiKey.deleted_at.is_(None))
        case "user":
            found = exists().where(User.id == scope_id, User.id != NIL, User.deleted_at.is_(None))
        case "group":
            found = exists().where(Group.id == scope_id)
        case "model":
            found = exists().where(Model.id == scope_id, Model.deleted_at.is_(None))
    return bool((await session.execute(select(found))).scalar_one())

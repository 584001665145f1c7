"""SQL of rate limits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.budgets.schemas import Scope
from control_layer.store.tables import NIL, ApiKey, GroupMember, RateLimit

__all__ = ["concerning", "count_limits", "find_limit", "list_limits", "scoped"]

_COLUMNS = {
    "key": RateLimit.key_id,
    "user": RateLimit.user_id,
    "group": RateLimit.group_id,
    "model": RateLimit.model_id,
}


def scoped(scope: Scope | None, scope_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Limits of that kind, or of that one key, user, group or model."""
    columns = _COLUMNS.values() if scope is None else (_COLUMNS[scope],)
    if scope_id is None:
        return or_(*(column.is_not(None) for column in columns))
    return or_(*(column == scope_id for column in columns))


def concerning(user_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Limits that requests of this user may meet: their own, their keys' and their groups'. `None`: all."""
    if user_id is None:
        return true()
    keys = select(ApiKey.id).where(ApiKey.user_id == user_id, ApiKey.deleted_at.is_(None), ApiKey.hidden.is_(False))
    groups = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    return or_(
        RateLimit.user_id == user_id,
        RateLimit.key_id.in_(keys),
        RateLimit.group_id.in_(groups),
        RateLimit.group_id == NIL,
    )


async def list_limits(session: AsyncSession, wanted: ColumnElement[bool], skip: int, limit: int) -> Sequence[RateLimit]:
    """Newest first."""
    newest = select(RateLimit).where(wanted).order_by(RateLimit.created_at.desc(), RateLimit.id)
    return (await session.scalars(newest.offset(skip).limit(limit))).all()


async def count_limits(session: AsyncSession, wanted: ColumnElement[bool]) -> int:
    """How many `list_limits` goes through."""
    return (await session.execute(select(func.count()).select_from(RateLimit).where(wanted))).scalar_one()


async def find_limit(
    session: AsyncSession, limit_id: uuid.UUID, wanted: ColumnElement[bool], *, lock: bool = False
) -> RateLimit | None:
    """The limit, if it is one of those; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(RateLimit).where(RateLimit.id == limit_id, wanted)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()

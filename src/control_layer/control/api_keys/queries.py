"""Keys in the database. Deleted and hidden ones are never found."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.api_keys.listing import Asked
from control_layer.control.models.visibility import accessible_to
from control_layer.store.tables import ApiKey, Model

__all__ = ["ReachableModels", "count_keys", "find_key", "list_keys", "reachable_models"]

ReachableModels = list[tuple[uuid.UUID, str]]


def _visible(owner: uuid.UUID, holder: uuid.UUID | None) -> ColumnElement[bool]:
    conditions = [ApiKey.user_id == owner, ApiKey.deleted_at.is_(None), ApiKey.hidden.is_(False)]
    if holder is not None:
        conditions.append(ApiKey.created_by == holder)
    return and_(*conditions)


async def find_key(
    session: AsyncSession, key_id: uuid.UUID, owner: uuid.UUID, holder: uuid.UUID | None, *, lock: bool = False
) -> ApiKey | None:
    """A key of `owner`'s; with `holder`, only if they hold it; with `lock`, nobody else changes it meanwhile."""
    statement = select(ApiKey).where(ApiKey.id == key_id, _visible(owner, holder))
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_keys(
    session: AsyncSession, owner: uuid.UUID, holder: uuid.UUID | None, asked: Asked, skip: int, limit: int
) -> Sequence[ApiKey]:
    """Those that match what was asked for, in its order."""
    matching = select(ApiKey).where(_visible(owner, holder), asked.condition()).order_by(*asked.order())
    return (await session.execute(matching.offset(skip).limit(limit))).scalars().all()


async def count_keys(session: AsyncSession, owner: uuid.UUID, holder: uuid.UUID | None, asked: Asked) -> int:
    """How many `list_keys` goes through."""
    statement = select(func.count()).select_from(ApiKey).where(_visible(owner, holder), asked.condition())
    return (await session.execute(statement)).scalar_one()


async def reachable_models(session: AsyncSession, user_id: uuid.UUID) -> ReachableModels:
    """Id and alias of the models granted to Everyone or to a group of the user's, by alias."""
    statement = (
        select(Model.id, Model.alias)
        .where(accessible_to(user_id), Model.deleted_at.is_(None), Model.status == "active")
        .order_by(Model.alias)
    )
    return [(row.id, row.alias) for row in await session.execute(statement)]

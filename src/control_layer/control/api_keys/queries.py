"""Keys in the database. Deleted and hidden ones are never found."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.models.visibility import grants_of
from control_layer.store.tables import NIL, ApiKey, GroupMember, GroupModel, Model

__all__ = ["ReachableModels", "count_keys", "find_key", "keys_of", "list_keys", "reachable_models", "visible"]

ReachableModels = list[tuple[uuid.UUID, str]]


def visible() -> ColumnElement[bool]:
    """Everybody's."""
    return and_(ApiKey.deleted_at.is_(None), ~ApiKey.hidden)


def keys_of(owner: uuid.UUID, holder: uuid.UUID | None) -> ColumnElement[bool]:
    """Those of `owner`; with `holder`, only those that they hold."""
    conditions = [ApiKey.user_id == owner, visible()]
    if holder is not None:
        conditions.append(ApiKey.created_by == holder)
    return and_(*conditions)


async def find_key(
    session: AsyncSession, key_id: uuid.UUID, owner: uuid.UUID, holder: uuid.UUID | None, *, lock: bool = False
) -> ApiKey | None:
    """A key of `owner`'s; with `holder`, only if they hold it; with `lock`, nobody else changes it meanwhile."""
    statement = select(ApiKey).where(ApiKey.id == key_id, keys_of(owner, holder))
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_keys(
    session: AsyncSession, which: ColumnElement[bool], order: Sequence[UnaryExpression[Any]], skip: int, limit: int
) -> Sequence[ApiKey]:
    """Those for which `which` holds."""
    statement = select(ApiKey).where(which).order_by(*order).offset(skip).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def count_keys(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """How many `list_keys` goes through."""
    return (await session.execute(select(func.count()).select_from(ApiKey).where(which))).scalar_one()


async def reachable_models(session: AsyncSession, users: Collection[uuid.UUID]) -> dict[uuid.UUID, ReachableModels]:
    """Id and alias of the models granted to Everyone or to a group of each user's, by alias."""
    memberships = select(GroupMember.user_id, GroupMember.group_id).where(GroupMember.user_id.in_(users))
    groups: dict[uuid.UUID, set[uuid.UUID]] = {user: {NIL} for user in users}
    for user_id, group_id in await session.execute(memberships):
        groups[user_id].add(group_id)
    granted = (
        select(Model.id, Model.alias, func.array_agg(GroupModel.group_id))
        .join(GroupModel, GroupModel.model_id == Model.id)
        .where(grants_of(users), Model.deleted_at.is_(None), Model.status == "active")
        .group_by(Model.id)
        .order_by(Model.alias)
    )
    models: ReachableModels = []
    places: defaultdict[uuid.UUID, list[int]] = defaultdict(list)
    for model_id, alias, granted_to in await session.execute(granted):
        for group_id in granted_to:
            places[group_id].append(len(models))
        models.append((model_id, alias))
    return {
        user: [models[place] for place in sorted({place for group in own for place in places[group]})]
        for user, own in groups.items()
    }

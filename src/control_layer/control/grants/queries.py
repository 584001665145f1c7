"""SQL of grants."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import Group, GroupModel, Model

__all__ = ["add_grant", "granted_models", "groups_granted", "remove_grant"]


async def granted_models(session: AsyncSession, group_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """The models a group may use, deleted ones left out; none where the group is unknown."""
    statement = (
        select(Model.id)
        .join(GroupModel, GroupModel.model_id == Model.id)
        .where(GroupModel.group_id == group_id, Model.deleted_at.is_(None))
        .order_by(GroupModel.created_at, Model.id)
    )
    return (await session.scalars(statement)).all()


async def groups_granted(session: AsyncSession, model_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """The groups that may use a model, by name; none where the model is unknown."""
    statement = (
        select(Group.id)
        .join(GroupModel, GroupModel.group_id == Group.id)
        .where(GroupModel.model_id == model_id)
        .order_by(Group.name, Group.id)
    )
    return (await session.scalars(statement)).all()


async def add_grant(session: AsyncSession, group_id: uuid.UUID, model_id: uuid.UUID) -> None:
    """Grants; nothing happens where it was granted."""
    await session.execute(insert(GroupModel).values(group_id=group_id, model_id=model_id).on_conflict_do_nothing())


async def remove_grant(session: AsyncSession, group_id: uuid.UUID, model_id: uuid.UUID) -> bool:
    """Takes a grant back; whether there was one."""
    statement = delete(GroupModel).where(GroupModel.group_id == group_id, GroupModel.model_id == model_id)
    return await session.scalar(statement.returning(GroupModel.model_id)) is not None

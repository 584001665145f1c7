"""SQL of grants."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import and_, delete, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import Group, GroupModel, Model

__all__ = [
    "add_grant",
    "add_grants",
    "grant_counts",
    "granted_models",
    "groups_granted",
    "missing_group",
    "missing_model",
    "remove_grant",
    "remove_grants",
]


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


async def grant_counts(session: AsyncSession, groups: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many models each group may use, deleted ones left out."""
    statement = (
        select(GroupModel.group_id, func.count())
        .join(Model, Model.id == GroupModel.model_id)
        .where(GroupModel.group_id.in_(groups), Model.deleted_at.is_(None))
        .group_by(GroupModel.group_id)
    )
    return dict.fromkeys(groups, 0) | dict((await session.execute(statement)).all())


async def missing_group(session: AsyncSession, groups: Sequence[uuid.UUID]) -> uuid.UUID | None:
    """The first of them that there is not."""
    found = set(await session.scalars(select(Group.id).where(Group.id.in_(groups))))
    return next((each for each in groups if each not in found), None)


async def missing_model(session: AsyncSession, models: Sequence[uuid.UUID]) -> uuid.UUID | None:
    """The first of them that there is not, or no more."""
    statement = select(Model.id).where(Model.id.in_(models), Model.deleted_at.is_(None))
    found = set(await session.scalars(statement))
    return next((each for each in models if each not in found), None)


async def add_grants(session: AsyncSession, groups: Sequence[uuid.UUID], models: Sequence[uuid.UUID]) -> int:
    """Grants every model to every group; how many grants are new."""
    pairs = (
        select(Group.id, Model.id)
        .join(Model, true())
        .where(Group.id.in_(groups), Model.id.in_(models))
        .order_by(Group.id, Model.id)  # two who grant much at once wait for each other, and neither for itself
    )
    statement = insert(GroupModel).from_select(["group_id", "model_id"], pairs).on_conflict_do_nothing()
    return len((await session.scalars(statement.returning(GroupModel.model_id))).all())


async def remove_grants(session: AsyncSession, groups: Sequence[uuid.UUID], models: Sequence[uuid.UUID]) -> int:
    """Takes all of these grants back; how many there were."""
    doomed = (
        select(GroupModel.group_id, GroupModel.model_id)
        .where(and_(GroupModel.group_id.in_(groups), GroupModel.model_id.in_(models)))
        .order_by(GroupModel.group_id, GroupModel.model_id)
        .with_for_update()
        .cte("doomed")
    )
    pair = tuple_(GroupModel.group_id, GroupModel.model_id)
    statement = delete(GroupModel).where(pair.in_(select(doomed.c.group_id, doomed.c.model_id)))
    return len((await session.scalars(statement.returning(GroupModel.model_id))).all())
